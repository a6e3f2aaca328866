"""A new kind of tokenizer: single characters."""

from changed import MOST, changed, check_run

from conftest import Scratch

TOKENIZER = """

def _character(vocab_size: int) -> tuple[Tokenizer, Any]:
    tokenizer = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"."), behavior="isolated")
    trainer = trainers.WordLevelTrainer(vocab_size=vocab_size, special_tokens=SPECIAL_TOKENS, show_progress=False)
    return tokenizer, trainer


TOKENIZERS.register("character")(TextKind(_character))
"""

PROGRAM = """
import pytest
suite = sys.path[0] + "/conformance/test_tokenizers.py"
options = ["-q", "-x", "-p", "no:cacheprovider", "--rootdir", sys.path[0]]
assert pytest.main([*options, suite]) == 0
from avatar.config.schema import GeneConfig, SearchSpaceConfig
from avatar.data.tokenizers import encode_texts, train_tokenizer
from avatar.space.space import SearchSpace
from students import TEXTS
choices = {"tokenizer": GeneConfig(choices=["character", "word"])}
space = SearchSpace.from_config(SearchSpaceConfig("characters", choices, {}))
assert space.encoded_names == ("tokenizer=character", "tokenizer=word")
"""


def test_a_tokenizer_is_one_file(scratch: Scratch) -> None:
    scratch.add_after("src/avatar/data/tokenizers.py", 'TOKENIZERS.register("word")(TextKind(_word))', TOKENIZER)
    assert len(changed(scratch)) == 1 <= MOST
    check_run(scratch, PROGRAM)
