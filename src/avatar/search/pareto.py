"""Pareto dominance on plain arrays. Every objective is minimised; negate what is maximised."""

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

BLOCK = 1 << 17


def front(points: NDArray[np.float64]) -> NDArray[np.intp]:
    """Indices of the rows of `points` (n, objectives) that no other row dominates, in input order.

    Duplicates of a non-dominated row are all kept. An empty input gives an empty front. Works through
    blocks and keeps the front of what it has seen, so memory stays bounded for millions of rows.
    """
    if not len(points):
        return np.empty(0, dtype=np.intp)
    kept = np.empty(0, dtype=np.intp)
    for start in range(0, len(points), BLOCK):
        block = np.arange(start, min(start + BLOCK, len(points)))
        kept = np.concatenate([kept, block])
        kept = kept[_nondominated(points[kept])]
    return kept


def _nondominated(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mask of the front: each survivor, in lexicographic order, removes all that it dominates."""
    unique, inverse = np.unique(points, axis=0, return_inverse=True)
    # A row comes after every row that dominates it, both here and in the order of the scaled sum; in
    # the latter the strongest come first, and most rows are gone after a few steps.
    spread = np.ptp(unique, axis=0)
    order = np.argsort((unique / np.where(spread > 0, spread, 1.0)).sum(axis=1), kind="stable")
    alive, rows = order, unique[order]
    place = 0
    while place < len(rows):
        dominated = (rows[place] <= rows).all(axis=1)
        dominated[place] = False
        alive, rows = alive[~dominated], rows[~dominated]
        place += 1 - int(dominated[:place].sum())
    mask = np.zeros(len(unique), dtype=bool)
    mask[alive] = True
    return mask[inverse.reshape(-1)]


def ranks(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """0 for the front, 1 for the front of the rest, and so on, (n,)."""
    rank = np.full(len(points), -1, dtype=np.int64)
    level = 0
    left = np.arange(len(points))
    while len(left):
        chosen = front(points[left])
        rank[left[chosen]] = level
        left = np.delete(left, chosen)
        level += 1
    return rank


def crowding(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Crowding distance of each row (Deb et al. 2002, section III-B); the ends of each objective get inf."""
    distance = np.zeros(len(points))
    for column in points.T:
        order = np.argsort(column, kind="stable")
        spread = column[order[-1]] - column[order[0]] if len(order) else 0.0
        if spread > 0:
            distance[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / spread
        distance[order[:1]] = distance[order[-1:]] = np.inf
    return distance


def hypervolume(points: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """Exact volume that `points` (n, objectives) dominate up to `reference` (objectives,).

    Points that are not below the reference in every objective add nothing. By sweeps in two and three
    dimensions, above by summing exclusive volumes (While, Bradstreet and Barone 2012).
    """
    inside = points[(points < reference).all(axis=1)]
    if not len(inside):
        return 0.0
    return _volume(inside[front(inside)], np.asarray(reference, dtype=np.float64))


def _volume(points: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    dimensions = points.shape[1]
    if dimensions == 1:
        return float(reference[0] - points.min())
    if dimensions == 2:
        ordered = points[np.lexsort((points[:, 1], points[:, 0]))]
        lowest = np.minimum.accumulate(np.append(reference[1], ordered[:, 1]))
        return float(((reference[0] - ordered[:, 0]) * (lowest[:-1] - lowest[1:])).sum())
    if dimensions == 3:
        return _volume_3d(points, reference)
    ordered = points[np.argsort(points[:, -1], kind="stable")]
    depths = np.append(ordered[1:, -1], reference[-1]) - ordered[:, -1]
    volume = covered = 0.0
    seen = np.empty((0, dimensions - 1))
    for point, depth in zip(ordered[:, :-1], depths, strict=True):
        shadow = np.maximum(seen, point)
        gain = float(np.prod(reference[:-1] - point))
        if len(shadow):
            gain -= _volume(shadow[front(shadow)], reference[:-1])
        covered += gain
        if gain > 0:
            seen = np.concatenate([seen[~(point <= seen).all(axis=1)], point[None]])
        volume += covered * depth
    return volume


def _volume_3d(points: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """Sweep along the last objective, keeping the staircase of the first two and the area above it."""
    ordered = points[np.lexsort((points[:, 1], points[:, 0], points[:, 2]))].tolist()
    end_x, end_y, end_z = reference.tolist()
    xs, ys = [-np.inf, end_x], [end_y, -np.inf]  # x rises, y falls; the ends are sentinels
    area = volume = 0.0
    last_z = ordered[0][2]
    for x, y, z in ordered:
        volume += area * (z - last_z)
        last_z = z
        place = bisect_left(xs, x)
        if ys[place - 1] <= y or (xs[place] == x and ys[place] <= y):
            continue
        stop, left, height = place, x, ys[place - 1]
        while ys[stop] >= y:
            area += (xs[stop] - left) * (height - y)
            left, height = xs[stop], ys[stop]
            stop += 1
        area += (xs[stop] - left) * (height - y)
        xs[place:stop] = [x]
        ys[place:stop] = [y]
    return volume + area * (end_z - last_z)
