"""TypeScript."""

from dataclasses import replace

from avatar.code.languages import javascript
from avatar.code.languages.base import Language, register, words
from avatar.code.languages.javascript import JAVASCRIPT, pattern
from avatar.code.tree_layout import TreeLayout

_VALUE = "[(arrow_function) (function_expression) (generator_function)]"

FUNCTIONS = f"""
{javascript.SHARED_FUNCTIONS}
(public_field_definition value: {_VALUE}) @function
(abstract_class_declaration name: (_)) @scope
(internal_module name: (_)) @scope
(module name: (_)) @scope
"""

VARIABLES = f"""
{javascript.SHARED_VARIABLES}
(_ parameters: (formal_parameters
  [(required_parameter pattern: [{pattern()} (rest_pattern {pattern()})]) (optional_parameter pattern: {pattern()})])
  body: (_))

(type_identifier) @frozen
(required_parameter [(accessibility_modifier) (override_modifier) "readonly"] pattern: (identifier) @frozen)
(optional_parameter [(accessibility_modifier) (override_modifier) "readonly"] pattern: (identifier) @frozen)
(enum_declaration) @words
(ambient_declaration) @words
(function_signature name: (identifier) @frozen)
(decorator) @words
"""
"""Queries for TypeScript with and without JSX. A parameter with a modifier is a field too."""

TYPESCRIPT: Language = register(
    replace(
        JAVASCRIPT,
        name="typescript",
        title="TypeScript",
        suffixes=(".ts", ".mts", ".cts"),
        editor_ids=("typescript",),
        package="tree_sitter_typescript",
        grammar="language_typescript",
        functions=FUNCTIONS,
        variables=VARIABLES,
        family="javascript",
        tree_layout=TreeLayout(whole=words("string template_string regex template_literal_type")),
        dead_code=replace(
            JAVASCRIPT.dead_code,
            declarations=(
                "let {a} = {n};",
                "const {a} = {n};",
                "const {a}: number = {n};",
                "const {a}: string = '{w}';",
                "let {a} = false;",
            ),
        ),
    )
)
