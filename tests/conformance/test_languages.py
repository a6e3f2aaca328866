"""What every language provides; a new one adds a module with its small program to `language_samples/`."""

import re
from collections.abc import Iterator
from random import Random

import pytest
from language_samples import SAMPLES
from language_samples.base import Sample
from tree_sitter import Node

from avatar.code.dataflow import data_flow
from avatar.code.functions import functions_of
from avatar.code.languages import LANGUAGES, Language, family, language_of_file, suffix_of_editor
from avatar.code.parsing import Parsed, captures, parse, reserved
from avatar.code.rewrite import REWRITES, harvest_names, rewrites
from avatar.code.text import function_text
from avatar.code.variables import variables
from syntax import tokens

SEEDS = range(12)


@pytest.fixture(params=LANGUAGES.names())
def language(request: pytest.FixtureRequest) -> Language:
    return LANGUAGES.get(request.param)


@pytest.fixture
def sample(language: Language) -> Sample:
    return SAMPLES[language.name]


def parsed(code: str, language: Language) -> Parsed:
    tree = parse(code, language.name)
    assert tree is not None, code
    assert tree.language is language, f"parsed as {tree.language.name}"
    return tree


def shape(node: Node) -> list[str]:
    return [node.type, *(kind for child in node.children for kind in shape(child))]


def comments(root: Node, language: Language) -> Iterator[Node]:
    for child in root.children:
        if child.type in language.comments:
            yield child
        else:
            yield from comments(child, language)


def test_every_registered_language_is_tested_here() -> None:
    assert set(SAMPLES) == set(LANGUAGES.names())


def test_names_titles_suffixes_and_editor_ids_belong_to_one_language(language: Language) -> None:
    others = [LANGUAGES.get(name) for name in LANGUAGES if name != language.name]
    assert language.name.isidentifier()
    assert language.title
    assert language.title not in [other.title for other in others]
    assert language.suffixes
    assert all(re.fullmatch(r"\.[a-z0-9+_]+", suffix) for suffix in language.suffixes)
    assert not set(language.suffixes) & {suffix for other in others for suffix in other.suffixes}
    assert not set(language.editor_ids) & {name for other in others for name in other.editor_ids}
    assert all(language_of_file("a" + suffix.upper()) == language.name for suffix in language.suffixes)
    assert all(suffix_of_editor(name) == language.suffixes[0] for name in language.editor_ids)


def test_other_languages_that_it_names_are_registered(language: Language) -> None:
    assert family(family(language.name)) == family(language.name)
    seen, name = [language.name], language.fallback
    while name is not None:
        assert name not in seen, "the fallbacks form a cycle"
        seen.append(name)
        name = LANGUAGES.get(name).fallback


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_functions_have_their_names_and_lines(language: Language, sample: Sample, ends: str) -> None:
    outline = functions_of(sample.source.replace("\n", ends), language.name)
    assert [(one.name, one.first_line, one.last_line) for one in outline.functions] == sample.functions
    assert {one.language for one in outline.functions} == {language.name}
    assert outline.note == ""
    assert outline == functions_of(sample.source, language.name)
    assert all(parse(one.text, language.name) is not None for one in outline.functions)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_the_body_of_a_function_begins_with_its_first_statement(language: Language, sample: Sample, ends: str) -> None:
    lines = sample.source.split("\n")
    for function in functions_of(sample.source.replace("\n", ends), language.name).functions:
        first = lines[function.body_line - 1]
        assert function.first_line <= function.body_line <= function.last_line
        if sample.locals <= set(re.findall(r"\w+", function.text)):  # the function with comments and a loop
            assert function.body_line > function.first_line
            assert sample.locals & set(re.findall(r"\w+", first))
            assert not any(mark in first for mark in ("# first", "// first", "/*"))


def test_the_local_variables_are_known(language: Language, sample: Sample) -> None:
    assert {name.decode() for name in variables(parsed(sample.body, language)).places} == sample.locals
    assert set(harvest_names([sample.body], language.name)) == sample.locals


@pytest.mark.parametrize("seed", SEEDS)
def test_renaming_changes_local_names_alone(language: Language, sample: Sample, seed: int) -> None:
    made = rewrites(language.name)["rename"](sample.body, Random(seed))
    assert shape(parsed(made, language).root) == shape(parsed(sample.body, language).root)
    pairs = list(zip(re.findall(r"\w+", sample.body), re.findall(r"\w+", made), strict=True))
    changed = {(old, new) for old, new in pairs if old != new}
    assert {old for old, _ in changed} == sample.locals
    assert len({new for _, new in changed}) == len(changed) == len(sample.locals)
    assert not {new for _, new in changed} & (reserved(language.name) | {old for old, _ in pairs})
    assert re.sub(r"\w+", "", made) == re.sub(r"\w+", "", sample.body)


def test_the_data_flow_follows_local_variables(language: Language, sample: Sample) -> None:
    flow = data_flow(sample.body, language.name)
    assert flow is not None
    assert [token.encode() for token in flow.tokens if token] == tokens(sample.body, language.name)
    followed = {edge.name for edge in flow.edges if edge.name in edge.source_names}
    assert followed & sample.locals
    if not language.data_flow.declared_only:
        assert followed >= sample.locals


@pytest.mark.parametrize("seed", SEEDS)
def test_the_data_flow_does_not_depend_on_names(language: Language, sample: Sample, seed: int) -> None:
    made = rewrites(language.name)["rename"](sample.body, Random(seed))
    before, after = data_flow(sample.body, language.name), data_flow(made, language.name)
    assert before is not None
    assert after is not None
    assert after.tokens != before.tokens
    assert [(edge.token, edge.kind, edge.sources) for edge in after.edges] == [
        (edge.token, edge.kind, edge.sources) for edge in before.edges
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_another_layout_keeps_the_tokens(language: Language, sample: Sample, seed: int) -> None:
    made = rewrites(language.name)["reformat"](sample.body, Random(seed))
    assert made != sample.body
    assert tokens(made, language.name) == tokens(sample.body, language.name)


@pytest.mark.parametrize("seed", SEEDS)
def test_dead_code_parses_and_only_adds(language: Language, sample: Sample, seed: int) -> None:
    made = rewrites(language.name, ["unused", "spare", "other"])["dead_code"](sample.body, Random(seed))
    before, after = tokens(sample.body, language.name), tokens(made, language.name)
    assert len(after) > len(before)
    rest = iter(after)
    assert all(token in rest for token in before)
    assert {b"unused", b"spare", b"other"} & set(after)


def test_every_form_of_dead_code_is_a_statement(language: Language, sample: Sample) -> None:
    forms = language.dead_code
    made = [rewrites(language.name, ["unused"])["dead_code"](sample.body, Random(seed)) for seed in range(300)]
    for form in (*forms.declarations, forms.branch[0]):
        start = re.split("[NW\n]", form.format(a="unused", n="N", w="W"))[0]
        assert any(start in text for text in made), form
    assert all(parse(text, language.name) is not None for text in made)
    assert captures(parsed(sample.body, language), forms.body)["body"]


def test_without_comments_the_tokens_are_the_same(language: Language, sample: Sample) -> None:
    tree = parsed(sample.body, language)
    source = bytearray(tree.source)
    nodes = list(comments(tree.root, language))
    assert len(nodes) == 2
    for node in reversed(nodes):
        source[node.start_byte : node.end_byte] = b" "
    assert tokens(tree.unwrap(bytes(source)), language.name) == tokens(sample.body, language.name)


def test_keywords_of_the_language_are_reserved(language: Language, sample: Sample) -> None:
    assert "for" in reserved(language.name)
    assert not reserved(language.name) & sample.locals


@pytest.mark.parametrize("seed", SEEDS)
def test_broken_code_never_raises(language: Language, sample: Sample, seed: int) -> None:
    random = Random(seed)
    text = sample.source + sample.body
    for _ in range(20):
        start = random.randrange(len(text))
        junk = random.choice(["{", ")", '"', "/*", "\ud800", "\0", "\r", "\ufeff", "#", "`"])
        broken = text[:start] + junk + text[start + random.randrange(9) :]
        lines = len(re.split("\r\n|\r|\n", broken))
        assert all(
            1 <= one.first_line <= one.last_line <= lines for one in functions_of(broken, language.name).functions
        )
        for kind in REWRITES:
            made = rewrites(language.name)[kind](broken, Random(seed))
            assert made == function_text(broken, language=language.name) or parse(broken, language.name) is not None
