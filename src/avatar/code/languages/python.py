"""Python."""

from tree_sitter import Node

from avatar.code import python_layout, shape
from avatar.code.flow_rules import Assigns, Branches, DataFlow, Defines, First, Iterates, Repeats, every_item, fields
from avatar.code.languages.base import DeadCode, Language, field_name, register, words

FUNCTIONS = """
(function_definition) @function
(decorated_definition definition: (function_definition)) @function
(class_definition) @scope
"""

VARIABLES = """
(identifier) @use

(parameters (identifier) @bind)
(lambda_parameters (identifier) @bind)
(default_parameter name: (identifier) @bind)
(typed_parameter . (identifier) @bind)
(typed_default_parameter name: (identifier) @bind)
(list_splat_pattern (identifier) @bind)
(dictionary_splat_pattern (identifier) @bind)
(assignment left: (identifier) @bind)
(augmented_assignment left: (identifier) @bind)
(for_statement left: (identifier) @bind)
(for_in_clause left: (identifier) @bind)
(pattern_list (identifier) @bind)
(tuple_pattern (identifier) @bind)
(list_pattern (identifier) @bind)
(as_pattern_target (identifier) @bind)

[(lambda) (list_comprehension) (set_comprehension) (dictionary_comprehension) (generator_expression)] @scope
(function_definition) @function
(function_definition name: (identifier) @name)
(for_in_clause right: (_) @hole)
(parameters) @parameters
(lambda_parameters) @lambda

(function_definition name: (identifier) @fixed)
(attribute attribute: (identifier) @fixed)
(keyword_argument name: (identifier) @fixed @keyword)

(block (function_definition name: (identifier) @frozen))
(block (decorated_definition (function_definition name: (identifier) @frozen)))
(named_expression name: (identifier) @frozen)
(global_statement (identifier) @frozen)
(nonlocal_statement (identifier) @frozen)
(import_statement) @words
(import_from_statement) @words
(class_definition) @class
(case_pattern) @words
(type_parameter) @words
(default_parameter value: (_) @words)
(typed_default_parameter type: (_) @words)
(typed_default_parameter value: (_) @words)
(typed_parameter type: (_) @words)
(function_definition return_type: (_) @words)
(decorator) @words
(interpolation "=") @words
"""


def _defined(node: Node) -> Node:
    """A function or class without its decorators."""
    return node.child_by_field_name("definition") or node


def _name_of(node: Node) -> str:
    return field_name(_defined(node))


def _is_string(statement: Node) -> bool:
    return statement.type == "expression_statement" and [part.type for part in statement.named_children] == ["string"]


ASSIGNS = Assigns(items=every_item, joined=True)
FOR_FIRST = First(words("for_in_clause"))

PYTHON = register(
    Language(
        name="python",
        title="Python",
        suffixes=(".py",),
        editor_ids=("python",),
        package="tree_sitter_python",
        functions=FUNCTIONS,
        variables=VARIABLES,
        standard_methods=words("__eq__ __ne__ __hash__ __repr__ __str__"),
        words=words("None True False case cls match print self super type"),
        reflection=words("locals vars eval exec dir globals f_locals _getframe currentframe"),
        snake_case=0.95,
        hoisted=True,
        name_of=_name_of,
        shape=shape.PYTHON,
        reformat=python_layout.reformat,
        data_flow=DataFlow(
            {
                "default_parameter": Defines(),
                "assignment": ASSIGNS,
                "augmented_assignment": ASSIGNS,
                "for_in_clause": Assigns(joined=True),
                "if_statement": Branches(words("elif_clause else_clause"), complete=words("else_clause")),
                "for_statement": Iterates(ASSIGNS, last=fields("alternative")),
                "while_statement": Repeats(),
                "list_comprehension": FOR_FIRST,
                "set_comprehension": FOR_FIRST,
                "dictionary_comprehension": FOR_FIRST,
                "generator_expression": FOR_FIRST,
            },
            skipped=words("line_continuation"),
            documentation="expression_statement",
        ),
        dead_code=DeadCode(
            body="(function_definition body: (block) @body)",
            declarations=("{a} = {n}", "{a} = None", "{a} = []", "{a} = '{w}'", "{a} = False"),
            branch=("if False:", "{a} = {n}", "{a} += 1"),
            stays_first=_is_string,
            own_line=True,
        ),
    )
)
