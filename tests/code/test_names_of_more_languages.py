"""In C#, Kotlin, PHP and Ruby only what surely is a variable is renamed, and inserted statements change no result."""

from random import Random

import pytest

from avatar.code.functions import functions_of
from avatar.code.parsing import parse
from avatar.code.rewrite import rewrites
from avatar.code.variables import variables

CSHARP = """
public int Total(List<Item> items, ref int limit, out int count, params int[] rest) {
    int sum = 0, size = 1; count = limit; other = late; { int late = 1; Use(late); }
    string text = $"{sum} {size:N2} name";
    Call(name: sum, out var made);
    var box = new Box { Size = size, name = sum };
    var pair = new { kept, value = sum };
    int kept = 2, named = 3;
    var changed = box with { Size = size };
    foreach (var (key, item) in items) { sum += this.size + item.size + key; }
    (int first, var second) = (1, 2);
    var tuple = (shown, sum + 1); int shown = 1;
    if (box is Box found && found.Size is int width) { sum += width; }
    try { Go(); } catch (Exception error) when (error.Code > 0) { Log(nameof(named), error); }
    switch (sum) { case LIMIT: break; case int number: sum = number; break; default: goto done; }
    var query = from row in items join two in rest on row.Id equals two into all let more = row.Id + 1
                where more > sum group row by row.Id into grouped select grouped.Key;
    Func<int, int> add = step => step + sum;
    Func<int, int, int> both = (left, right) => left + right;
    int Local(int inner) { return inner + sum; }
    Local(inner: 1); Color Color = Color.Red;
    int @class = 1; use(@class);
done:
    return sum + first + second + tuple.shown + rest[0];
}
"""
CSHARP_LOCALS = """
items limit count rest sum size text made box pair changed key item first second tuple found width error number query
row two all more grouped add step both left right
"""

KOTLIN = """
fun List<Item>.total(limit: Int, vararg rest: Int, block: (Int) -> Unit = {}): Int {
    var sum = 0
    val size = size + 1
    val (left, right) = pair()
    for ((key, item) in map) { sum += item.size + key }
    println("$shown and ${sum + limit}")
    val shown = 1
    call(named = sum, limit = limit) { it + sum }
    list.map { one -> one + left }.fold(0) { acc, element: Int -> acc + element }
    val made = fun(deep: Int): Int { return deep + right }
    fun local(inner: Int): Int = inner + sum
    try { go() } catch (error: Exception) { log(error.message) }
    when (val subject = go()) { is Int -> subject; in 1..sum -> 1; else -> 3 }
    loop@ while (sum > 0) { sum--; break@loop }
    val task = object : Runnable {
        val own = 1
        override fun run() { use(own, made) }
    }
    block(sum); this.limit; sum to key2; ::local
    val text = \"\"\"a $sum\"\"\"
    return rest[0] + text.length + task.own
}
"""
KOTLIN_LOCALS = """
limit rest sum left right key item one acc element made deep error subject task text
"""

PHP = """
function total(array $items, int &$limit = 3, ...$rest) {
    global $shared;
    static $calls = 0;
    $sum = 0; $shared = 1; $this->sum = $sum; self::$sum = 2; $items->$rest = $_GET['sum'];
    $add = function ($step) use (&$sum, $limit) { return $step + $sum; };
    $double = fn($one) => $one * 2 + $limit;
    echo "$sum $items[0] {$rest['sum']} $items->limit \\$sum";
    [$first, 'key' => $second] = $rest;
    foreach ($items as $key => $item) { $calls++; }
    try { go(limit: $limit); } catch (A | B $error) { log($error); }
    $text = <<<TEXT
        sum $sum
        TEXT;
    return $add(1) + $double($first) + $second;
}
"""
PHP_LOCALS = """
items limit rest calls sum add step double one first second key item error text
"""

RUBY = """
def total(items, limit = 3, *rest, named:, other: 1, **options, &block)
  sum = limit
  late = size
  size = 1
  first, (second, *others) = rest
  items.each_with_index { |item, row; own| sum += item.size + row; own = 1 }
  items.map do |one| one + sum end
  call(named: sum, sum: sum, shown:)
  shown = 2
  begin
    go limit
  rescue Failed => error
    log("#{error} #{@sum} sum")
  end
  add = ->(step) { step + sum }
  for index in 1..2 do puts index end
  case sum
  in [matched, *] then matched
  end
  matched = 1
  if /(?<year>\\d+)/ =~ add
    year = year.to_i
  end
  sum ||= 1
  self.limit = sum(1)
  sum + first + second + others.size + options.size
end
"""
RUBY_LOCALS = """
items limit rest options block sum late first second others item row own one error add step index
"""


def own(code: str, language: str) -> set[str]:
    parsed = parse(code, language)
    assert parsed is not None
    return {name.decode() for name in variables(parsed).places}


@pytest.mark.parametrize(
    ("language", "code", "expected"),
    [
        ("csharp", CSHARP, CSHARP_LOCALS),
        ("kotlin", KOTLIN, KOTLIN_LOCALS),
        ("php", PHP, PHP_LOCALS),
        ("ruby", RUBY, RUBY_LOCALS),
    ],
)
def test_only_what_surely_is_a_variable_is_renamed(language: str, code: str, expected: str) -> None:
    assert own(code, language) == set(expected.split())


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("php", "function f($a) { $b = 1; return $$a; }"),
        ("php", 'function f($a) { return "${a}"; }'),
        ("php", "function f($a) { return compact('a'); }"),
        ("php", "function f($a) { include 'b.php'; }"),
        ("ruby", "def f(a)\n  eval('a')\nend\n"),
        ("ruby", "def f(a)\n  ERB.new('').result(binding)\nend\n"),
    ],
)
def test_code_that_looks_up_its_variables_by_name_keeps_them(language: str, code: str) -> None:
    assert own(code, language) == set()


def test_a_kotlin_variable_is_not_visible_in_its_own_value() -> None:
    assert own("fun f(b: Int) {\n    val a = a + b\n    val c = b\n    use(a, c)\n}\n", "kotlin") == {"b", "c"}


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("csharp", "public Box(int a) : base(a) { size = a; }"),
        ("csharp", "get { int a = 1; return a; }"),
        ("csharp", "protected set { int a = value; size = a; }"),
        ("csharp", "add { int a = 1; Use(a); }"),
        ("csharp", "public static int operator +(Box a, Box b) => a.Size + b.Size;"),
        ("kotlin", "constructor(a: Int) : this(a, 1) { use(a) }"),
        ("kotlin", "get() { val a = 1; return a }"),
        ("kotlin", "private set(a) { field = a }"),
        ("php", "public static function f($a) { return $a; }"),
        ("php", "set(int $a) { $this->size = $a; }"),
        ("ruby", "def self.f(a) = a + 1"),
        ("ruby", "def size=(a)\n  @size = a\nend\n"),
    ],
)
def test_a_part_of_a_class_alone_is_understood(language: str, code: str) -> None:
    assert "a" in own(code, language)
    made = rewrites(language)["rename"](code, Random(1))
    assert parse(made, language) is not None
    assert made.strip() != code.strip()


def test_html_around_php_is_no_code_and_html_inside_a_function_belongs_to_it() -> None:
    source = """<p>it's <?= $title ?></p>
<?php function one($a) { // it's here ?>
    <b>function no() {}</b>
<?php } ?>
<p>function no() {}</p>
<?PHP
function two() { return '?>'; /* ?> */ }
if ($a): ?> <i> <?php else: ?> </i> <?php endif ?>
"""
    outline = functions_of(source, "php")
    assert [(one.name, one.first_line, one.last_line) for one in outline.functions] == [("one", 2, 4), ("two", 7, 7)]
    assert outline.note == ""
    assert "<b>function no() {}</b>" in outline.functions[0].text
    assert functions_of("<p>function no() {}</p>", "php").functions == ()
    assert functions_of("function two() { return 2; }", "php").functions[0].name == "two"
    for rewrite in rewrites("php").values():
        assert rewrite(outline.functions[0].text, Random(1)) == outline.functions[0].text


@pytest.mark.parametrize("seed", range(40))
def test_ruby_keeps_its_result_its_chains_and_its_commands(seed: int) -> None:
    code = (
        'def f(a)\n  x = "a" \\\n    "b"; y = 2\n  puts (1 + 2) * 3\n  a\n    # first\n    .b\n'
        "    .c\nrescue Failed\n  1\nelse\n  2\nensure\n  3\nend\n"
    )
    dead = rewrites("ruby")["dead_code"](code, Random(seed))
    assert dead.split("\nrescue")[0].endswith("    .c")
    assert dead.split("\nrescue")[1] == code.split("\nrescue")[1]
    made = rewrites("ruby")["reformat"](code, Random(seed))
    assert "puts (1" in made
    assert '"a" \\\n' in made
    lines = made.split("\n")
    assert all(lines[row - 1].strip() for row, line in enumerate(lines) if line.lstrip().startswith("."))


@pytest.mark.parametrize("seed", range(20))
def test_kotlin_keeps_a_semicolon_between_two_statements(seed: int) -> None:
    code = "fun f() {\n    one(); two()\n    val a = b ?: run { c; d }\n}\n"
    made = rewrites("kotlin")["reformat"](code, Random(seed))
    assert "one();" in made
    assert "c;" in made


@pytest.mark.parametrize("seed", range(40))
def test_kotlin_keeps_the_body_of_a_loop_on_the_next_line(seed: int) -> None:
    code = (
        "fun f(a: List<Int>) {\n    for (b in a)\n        use(b)\n"
        "    while (c)\n        // so\n        d()\n    e()\n}\n"
    )
    assert own(code, "kotlin") == {"a"}
    made = rewrites("kotlin")["dead_code"](code, Random(seed))
    assert made != code
    assert "for (b in a)\n        use(b)\n" in made
    assert "while (c)\n        // so\n        d()\n" in made
