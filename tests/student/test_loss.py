"""The distillation loss against its definition."""

import torch
from torch.nn import functional as F

from avatar.student.loss import distillation_loss, relation_loss

LOGITS = torch.tensor([[2.0, -1.0], [0.3, 0.4], [-3.0, 1.0]])
SOFT = torch.tensor([[1.0, 1.5], [-2.0, 2.0], [4.0, 0.0]])
HARD = torch.tensor([1, 1, 0])


def by_definition(temperature: float, share: float) -> float:
    total = 0.0
    for logits, soft, hard in zip(LOGITS, SOFT, HARD, strict=True):
        p, q = (soft / temperature).softmax(0), (logits / temperature).softmax(0)
        divergence = float((p * (p / q).log()).sum()) * temperature**2
        total += (1 - share) * divergence + share * float(-logits.log_softmax(0)[hard])
    return total / len(LOGITS)


def test_it_equals_the_definition() -> None:
    for temperature, share in ((1.0, 0.0), (4.0, 0.0), (2.0, 0.3), (1.0, 1.0)):
        value = distillation_loss(LOGITS, SOFT, HARD, temperature, share)
        assert abs(float(value) - by_definition(temperature, share)) < 1e-6


def test_a_student_that_copies_its_teacher_has_no_loss() -> None:
    assert float(distillation_loss(SOFT, SOFT, HARD, 3.0, 0.0)) < 1e-7


def test_rows_without_soft_labels_learn_from_hard_ones() -> None:
    soft = torch.full_like(SOFT, float("nan"))
    value = distillation_loss(LOGITS, soft, HARD, 2.0, 0.0)
    assert torch.isclose(value, F.cross_entropy(LOGITS, HARD))


def test_the_gradient_is_finite_where_some_rows_have_no_soft_labels() -> None:
    logits = LOGITS.clone().requires_grad_()
    soft = SOFT.clone()
    soft[1] = float("nan")
    distillation_loss(logits, soft, HARD, 2.0, 0.5).backward()
    assert logits.grad is not None
    assert bool(logits.grad.isfinite().all())


def test_relations_are_those_of_any_scale_width_and_rotation() -> None:
    teacher = torch.randn(12, 5, generator=torch.manual_seed(0))
    turned = torch.linalg.qr(torch.randn(8, 8, generator=torch.manual_seed(1)))[0][:5] * 7.0
    assert float(relation_loss(teacher @ turned, teacher)) < 1e-9
    assert float(relation_loss(torch.randn(12, 5, generator=torch.manual_seed(2)), teacher)) > 1e-2


def test_learning_relations_brings_the_distances_together() -> None:
    teacher = torch.randn(20, 6, generator=torch.manual_seed(0))
    student = torch.randn(20, 3, generator=torch.manual_seed(1)).requires_grad_()
    optimizer = torch.optim.Adam([student], lr=0.05)
    before = float(relation_loss(student.detach(), teacher))
    for _ in range(200):
        optimizer.zero_grad()
        relation_loss(student, teacher).backward()
        optimizer.step()
    assert float(relation_loss(student.detach(), teacher)) < before / 3


def test_relations_of_equal_functions_and_of_one_have_a_finite_gradient() -> None:
    for functions in (1, 4):
        student = torch.ones(functions, 3, requires_grad=True)
        relation_loss(student, torch.ones(functions, 2)).backward()
        assert student.grad is not None
        assert student.grad.isfinite().all()
