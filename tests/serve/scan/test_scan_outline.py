import re

from hypothesis import given
from hypothesis import strategies as st

from avatar.code.text import AS_IT_IS
from avatar.serve.scan.outline import outline


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_words_are_names_numbers_and_signs(comment: str) -> None:
    line = re.sub(r"[\r\n\x85\u2028\u2029]", " ", comment).replace("\x00", "")
    source = f"def f(a):\n    return a  # {line} end\n"
    result, texts = outline("a.py", source, "python", AS_IT_IS)
    (location,) = result.locations
    (text,) = texts.values()
    assert location.words == len(re.findall(r"\w+|[^\w\s]", text))
