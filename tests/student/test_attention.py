import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.student.attention import SelfAttention


@settings(deadline=None)
@given(
    position=st.sampled_from(["relative_key", "relative_key_query"]),
    tokens=st.integers(1, 9),
    heads=st.sampled_from([1, 2, 4]),
    spare=st.integers(0, 3),
)
def test_shifting_gives_the_scores_of_the_lookup(position: str, tokens: int, heads: int, spare: int) -> None:
    torch.manual_seed(tokens)
    attention = SelfAttention(8, heads, 0.0, position, max_length=tokens + spare).eval()
    query, key = torch.randn(2, 3, heads, tokens, 8 // heads)
    with torch.inference_mode():
        expected = attention.relative_scores(query, key)
        attention.shifted = True
        torch.testing.assert_close(attention.relative_scores(query, key), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("position", ["relative_key", "relative_key_query"])
def test_scores_follow_the_definition(position: str) -> None:
    attention = SelfAttention(6, 2, 0.0, position, max_length=5).eval()
    attention.shifted = True
    query, key = torch.randn(2, 1, 2, 4, 3)
    with torch.inference_mode():
        scores = attention.relative_scores(query, key)
        for head, row, column in ((0, 0, 3), (1, 3, 0), (0, 2, 2)):
            vector = attention.distance.weight[row - column + 4]
            expected = query[0, head, row] @ vector
            if position == "relative_key_query":
                expected = expected + key[0, head, column] @ vector
            torch.testing.assert_close(scores[0, head, row, column], expected)
