"""TypeScript."""

from dataclasses import replace

from avatar.code.flow_rules import Defines, fields
from avatar.code.languages import javascript
from avatar.code.languages.base import register, words
from avatar.code.languages.javascript import JAVASCRIPT, VALUE
from avatar.code.tree_layout import TreeLayout

FUNCTIONS = f"""
{javascript.SHARED_FUNCTIONS}
(public_field_definition value: {VALUE}) @function
(abstract_class_declaration name: (_)) @scope
(internal_module name: (_)) @scope
(module name: (_)) @scope
"""

VARIABLES = f"""
{javascript.SHARED_VARIABLES}
(_ parameters: (formal_parameters (required_parameter pattern: (identifier) @bind)) body: (_))
(_ parameters: (formal_parameters (optional_parameter pattern: (identifier) @bind)) body: (_))
(function_type parameters: (formal_parameters (required_parameter pattern: [(array_pattern) (object_pattern)] @words)))

(type_identifier) @frozen
(required_parameter [(accessibility_modifier) (override_modifier) "readonly"] pattern: (identifier) @frozen)
(optional_parameter [(accessibility_modifier) (override_modifier) "readonly"] pattern: (identifier) @frozen)
(enum_declaration) @words
(ambient_declaration) @words
(function_signature name: (identifier) @frozen)
(decorator) @words
"""
"""Queries for TypeScript with and without JSX. A parameter with a modifier is a field too."""

LAYOUT = TreeLayout(whole=words("string template_string regex template_literal_type"))

TYPESCRIPT = register(
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
        tree_layout=LAYOUT,
        data_flow=replace(
            JAVASCRIPT.data_flow,
            rules={
                **JAVASCRIPT.data_flow.rules,
                "required_parameter": Defines(fields("pattern")),
                "optional_parameter": Defines(fields("pattern")),
            },
        ),
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
