"""Ruby."""

import re

from tree_sitter import Node

from avatar.code.flow_rules import (
    Assigns,
    Branches,
    DataFlow,
    Defines,
    Guarded,
    Iterates,
    Repeats,
    fields,
    items_of,
)
from avatar.code.languages.base import DeadCode, Language, field_name, register, words
from avatar.code.shape import Shape
from avatar.code.tree_layout import TreeLayout

FUNCTIONS = """
[(method) (singleton_method)] @function
[(class) (module)] @scope
"""

VARIABLES = """
(identifier) @use

(assignment left: (identifier) @bind)
(operator_assignment left: (identifier) @bind)
(left_assignment_list (identifier) @bind)
(destructured_left_assignment (identifier) @bind)
(rest_assignment (identifier) @bind)
(for pattern: (identifier) @bind)
(exception_variable (identifier) @bind)
[(method_parameters (identifier) @bind) (block_parameters (identifier) @bind) (lambda_parameters (identifier) @bind)
 (destructured_parameter (identifier) @bind) (optional_parameter name: (identifier) @bind)
 (splat_parameter name: (identifier) @bind) (hash_splat_parameter name: (identifier) @bind)
 (block_parameter name: (identifier) @bind)]

[(block) (do_block) (lambda)] @scope
[(method) (singleton_method)] @function
(method name: (identifier) @name)

(method name: (identifier) @fixed)
(singleton_method name: (identifier) @fixed)
(call method: (identifier) @fixed)

[(singleton_method) (method) (singleton_class)] @class
(setter (identifier) @frozen)
(keyword_parameter name: (identifier) @frozen)
(pair key: (hash_key_symbol) @frozen !value)
[(alias) (undef)] @words
(binary left: (regex) @words)
(in_clause pattern: (_) @words)
(match_pattern pattern: (_) @words)
(test_pattern pattern: (_) @words)
"""

WORDS = words("""
BEGIN END __ENCODING__ __FILE__ __LINE__ __callee__ __dir__ __method__ abort alias and at_exit attr_accessor
attr_reader attr_writer autoload begin binding block_given break caller case catch class def defined do else elsif end
ensure eval exit extend fail false for format freeze gets global_variables if in include initialize instance_variables
it lambda load local_variables loop method module new next nil not object_id open or p private print printf proc
protected public putc puts raise rand redo require require_relative rescue retry return self send sleep sprintf super
then throw true undef unless until warn when while yield
""")


def _name_of(node: Node) -> str:
    """Name of a method, class or module; with the object of `def object.name` if it is not self."""
    receiver = node.child_by_field_name("object")
    if receiver is None or receiver.type == "self":
        return field_name(node)
    return f"{(receiver.text or b'').decode('utf-8', 'replace')}.{field_name(node)}"


def _is_no_statement(node: Node) -> bool:
    """A part of a body after its last statement, or the text of a heredoc."""
    return node.type in ("rescue", "else", "ensure", "heredoc_body")


_METHOD = re.compile(r"\s*(?:#[^\n]*\n\s*)*def\b[^\n]*[^:\s][ \t]*\n")


def _is_ruby(text: str) -> bool:
    """Whether a text begins with `def`, without the colon of Python, and has a line `end`."""
    return bool(_METHOD.match(text)) and any(line.strip() == "end" for line in text.split("\n"))


IF = Branches(words("elsif else"), complete=words("else"), first=fields("condition"))


RUBY = register(
    Language(
        name="ruby",
        title="Ruby",
        suffixes=(".rb", ".rake", ".gemspec"),
        editor_ids=("ruby",),
        package="tree_sitter_ruby",
        functions=FUNCTIONS,
        variables=VARIABLES,
        standard_methods=words("== eql? hash inspect to_s <=>"),
        words=WORDS,
        kept=words("it"),
        reflection=words("""
binding eval instance_eval class_eval module_eval local_variables local_variable_get local_variable_set ERB parameters
"""),
        snake_case=0.97,
        separator="::",
        name_of=_name_of,
        shape=Shape(line_comment="#", block_comment=None, closing="end", recognised=_is_ruby),
        tree_layout=TreeLayout(
            whole=words("""
string regex subshell delimited_symbol string_array symbol_array heredoc_body character setter operator
"""),
            brace_moves=False,
            line_comment="#",
            flush="=begin",
            commands=True,
        ),
        data_flow=DataFlow(
            {
                "optional_parameter": Defines(),
                "keyword_parameter": Defines(),
                "assignment": Assigns(items=items_of("left_assignment_list", "right_assignment_list")),
                "operator_assignment": Assigns(),
                "if": IF,
                "unless": IF,
                "elsif": IF,
                "if_modifier": Guarded(),
                "unless_modifier": Guarded(),
                "case": Branches(words("when else"), words("else"), first=fields("value")),
                "for": Iterates(Assigns(fields("pattern"), fields("value"))),
                "while": Repeats(),
                "until": Repeats(),
                "while_modifier": Repeats(),
                "until_modifier": Repeats(),
            },
            names=words("identifier constant instance_variable class_variable global_variable"),
        ),
        dead_code=DeadCode(
            body="[(method body: (body_statement) @body) (singleton_method body: (body_statement) @body)]",
            declarations=("{a} = {n}", "{a} = nil", "{a} = []", "{a} = '{w}'", "{a} = false"),
            branch=("if false", "{a} = {n}", "{a} += 1", "end"),
            own_line=True,
            goes_on=_is_no_statement,
        ),
    )
)
