"""Pareto dominance on plain arrays. All objectives are minimised; negate those to maximise."""

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

BLOCK = 1 << 17


def front(points: NDArray[np.float64]) -> NDArray[np.intp]:
    """Indices of the rows of `points` (n, objectives) that no other row dominates, in input order.

    Duplicates of a non-dominated row are all kept. An empty input gives an empty front. Works block by block, so
    memory stays bounded for millions of rows.
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
    """Mask of the front: each row that is still there removes all rows that it dominates."""
    unique, inverse = np.unique(points, axis=0, return_inverse=True)
    # Sorted by the scaled sum, a row comes after every row that dominates it. The strongest rows come first,
    # so most rows are removed after a few steps.
    spread = np.ptp(unique, axis=0)
    order = np.argsort((unique / np.where(spread > 0, spread, 1.0)).sum(axis=1), kind="stable")
    alive, rows = order, unique[order]
    index = 0
    while index < len(rows):
        dominated = (rows[index] <= rows).all(axis=1)
        dominated[index] = False
        alive, rows = alive[~dominated], rows[~dominated]
        index += 1 - int(dominated[:index].sum())
    mask = np.zeros(len(unique), dtype=bool)
    mask[alive] = True
    return mask[inverse.reshape(-1)]


def ranks(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """0 for the front, 1 for the front of the rest, and so on, (n,)."""
    rank = np.full(len(points), -1, dtype=np.int64)
    level = 0
    rest = np.arange(len(points))
    while len(rest):
        chosen = front(points[rest])
        rank[rest[chosen]] = level
        rest = np.delete(rest, chosen)
        level += 1
    return rank


def crowding(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Crowding distance of each row (Deb et al. 2002, section III-B); the two ends of each objective get inf."""
    distance = np.zeros(len(points))
    for column in points.T:
        order = np.argsort(column, kind="stable")
        spread = column[order[-1]] - column[order[0]] if len(order) else 0.0
        if spread > 0:
            distance[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / spread
        distance[order[:1]] = distance[order[-1:]] = np.inf
    return distance


def hypervolume(points: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """Exact hypervolume: the volume that `points` (n, objectives) dominate up to `reference` (objectives,).

    Points that are not below the reference in every objective add nothing. Two and three dimensions use a sweep, more
    dimensions a sum of exclusive volumes (While, Bradstreet and Barone 2012).
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
    """Sweep along the last objective; keeps the front of the first two and the area that it dominates."""
    ordered = points[np.lexsort((points[:, 1], points[:, 0], points[:, 2]))].tolist()
    end_x, end_y, end_z = reference.tolist()
    xs, ys = [-np.inf, end_x], [end_y, -np.inf]  # x increases, y decreases; the ends are sentinels
    area = volume = 0.0
    last_z = ordered[0][2]
    for x, y, z in ordered:
        volume += area * (z - last_z)
        last_z = z
        index = bisect_left(xs, x)
        if ys[index - 1] <= y or (xs[index] == x and ys[index] <= y):
            continue
        stop, left, height = index, x, ys[index - 1]
        while ys[stop] >= y:
            area += (xs[stop] - left) * (height - y)
            left, height = xs[stop], ys[stop]
            stop += 1
        area += (xs[stop] - left) * (height - y)
        xs[index:stop] = [x]
        ys[index:stop] = [y]
    return volume + area * (end_z - last_z)
