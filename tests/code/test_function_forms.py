"""The form of a function is the same in every language."""

import pytest

from avatar.code.function_forms import Form
from avatar.code.functions import functions_of

SINGLE, CONSTRUCTOR, EMPTY, STRAIGHT, STANDARD = (
    Form.SINGLE,
    Form.CONSTRUCTOR,
    Form.EMPTY,
    Form.STRAIGHT,
    Form.STANDARD,
)

CASES = {
    "python": (
        """
class Stack:
    def __init__(self, size, name):
        super().__init__(name)
        self.size = size
        self.name = name

    @property
    def top(self):
        '''The top.'''
        return self._top

    def push(self, *args, **kwargs):
        return self.items.push(*args, **kwargs)

    def hook(self, value):
        '''Called later.'''

    def lines(self, out):
        out.begin(self.name)
        out.write(self.size)
        out.end()

    def __eq__(self, other):
        return isinstance(other, Stack) and other.items == self.items

    def area(self):
        return self.width * self.height

    def evens(self):
        return [one for one in self.items if one]

    def close(self):
        if self.file:
            self.file.close()
""",
        [CONSTRUCTOR, SINGLE, SINGLE, EMPTY, STRAIGHT, STANDARD, None, None, None],
    ),
    "java": (
        """
class Stack {
  Stack(int size, String name) { super(name); this.size = size; }
  Item top() { return this.top; }
  void push(Item item) { items.push(item); }
  void hook() { }
  void lines(Out out) { out.begin(name); out.end(); }
  public boolean equals(Object other) { return other instanceof Stack && ((Stack) other).items.equals(items); }
  int area() { return width * height; }
  void close() { if (file != null) { file.close(); } }
  Runnable later() { return () -> close(); }
}
""",
        [CONSTRUCTOR, SINGLE, SINGLE, EMPTY, STRAIGHT, STANDARD, None, None, None],
    ),
    "c": (
        """
struct item *top(struct stack *s) { return &s->items[0]; }
void push(struct stack *s, struct item *item) { list_push(s->items, item); }
void hook(void) { /* nothing */ }
void lines(struct out *out) { begin(out); end(out); }
int area(int width, int height) { return width * height; }
void stop(struct stack *s) { if (s->file) close(s->file); }
int port(void) {
#if A
  return 1;
#endif
}
""",
        [SINGLE, SINGLE, EMPTY, STRAIGHT, None, None, None],
    ),
    "cpp": (
        """
Stack::Stack(int size) : Base(size), size_(size) {}
Stack::Stack(int size, int other) { this->size = size; this->other = other; }
Item Stack::top() const { return items_->top(); }
template <typename T> T first(T value) { return value.first(); }
int Stack::area() { return width * height; }
void Stack::close() { try { file.close(); } catch (...) { } }
""",
        [EMPTY, CONSTRUCTOR, SINGLE, SINGLE, None, None],
    ),
    "csharp": (
        """
class Stack {
  Stack(int size, string name) : base(name) { this.size = size; name = name; }
  Item Top { get { return top; } set { top = value; } }
  int Count => items.Count;
  void Push(Item item) { items?.Push(item); }
  void Lines(Out o) { o.Begin(name); o.End(); }
  protected override void Dispose(bool all) { if (all) { parts.Dispose(); } base.Dispose(all); }
  int Area() { return width * height; }
  void Close() { if (file != null) file.Close(); }
}
""",
        [CONSTRUCTOR, SINGLE, SINGLE, SINGLE, SINGLE, STRAIGHT, STANDARD, None, None],
    ),
    "go": (
        """
package stack
func New(size int) *Stack { return &Stack{size: size} }
func (s *Stack) Top() *Item { return s.items.Top() }
func (s *Stack) Hook() { }
func (s *Stack) Lines(out *Out) { out.Begin(s.name); out.End() }
func (s *Stack) String() string { return fmt.Sprintf("%d", s.size + 1) }
func (s *Stack) Area() int { return s.width * s.height }
func (s *Stack) Close() { if s.file != nil { s.file.Close() } }
func (s *Stack) Later() func() { return func() { s.Close() } }
""",
        [SINGLE, SINGLE, EMPTY, STRAIGHT, STANDARD, None, None, None],
    ),
    "rust": (
        """
impl Stack {
    fn new(size: usize) -> Self { Self { size, items: Vec::new() } }
    fn top(&self) -> Result<Item> { self.items.top()? }
    fn hook(&self) {}
    fn lines(&self, out: &mut Out) { out.begin(); out.end(); }
    fn fmt(&self, f: &mut Formatter) -> Result { match self.kind { Kind::A => f.write("a"), _ => f.write("b") } }
    fn area(&self) -> usize { self.width * self.height }
    fn close(&self) { if self.open { self.file.close(); } }
}
""",
        [SINGLE, SINGLE, EMPTY, STRAIGHT, STANDARD, None, None],
    ),
    "kotlin": (
        """
class Stack(val size: Int) {
  constructor(size: Int, name: String) : this(size) { this.name = name; this.size = size }
  fun top(): Item { return items.top() }
  fun push(item: Item) = items.push(item)
  fun hook() { }
  fun lines(out: Out) { out.begin(name); out.end() }
  override fun equals(other: Any?): Boolean { return other is Stack && other.items == items }
  fun area(): Int { return width * height }
  fun close() { try { file.close() } finally { done() } }
}
""",
        [CONSTRUCTOR, SINGLE, SINGLE, EMPTY, STRAIGHT, STANDARD, None, None],
    ),
    "php": (
        """<?php
class Stack {
  function __construct($size, $name) { parent::__construct($name); $this->size = $size; }
  function top() { return $this->items->top(); }
  function hook() { }
  function lines($out) { $out->begin($this->name); $out->end(); }
  function __toString() { return $this->size . ' items'; }
  function area() { return $this->width * $this->height; }
  function close() { if ($this->file) { $this->file->close(); } }
}
""",
        [CONSTRUCTOR, SINGLE, EMPTY, STRAIGHT, STANDARD, None, None],
    ),
    "ruby": (
        """
class Stack
  def initialize(size, name)
    super(name)
    @size = size
  end
  def top
    @items.top
  end
  def hook
  end
  def lines(out)
    out.begin(@name)
    out.end
  end
  def ==(other)
    other.is_a?(Stack) && other.items == @items
  end
  def area
    @width * @height
  end
  def close
    @file.close if @file
  end
  def each
    @items.each { |one| yield one }
  end
end
""",
        [CONSTRUCTOR, SINGLE, EMPTY, STRAIGHT, STANDARD, None, None, None],
    ),
    "javascript": (
        """
class Stack {
  constructor(size, name) { super(name); this.size = size; }
  top() { return this.items.top(); }
  hook() { }
  lines(out) { out.begin(this.name); out.end(); }
  toString() { return this.size + ' items'; }
  area() { return this.width * this.height; }
  close() { if (this.file) { this.file.close(); } }
}
const push = (item) => items.push(item);
Stack.prototype.rename = function(name) { this.name = name; };
""",
        [CONSTRUCTOR, SINGLE, EMPTY, STRAIGHT, STANDARD, None, None, SINGLE, SINGLE],
    ),
    "typescript": (
        """
class Stack {
  constructor(private size: number) { }
  top(): Item { return this.items.top() as Item; }
  lines(out: Out): void { out.begin(this.name!); out.end(); }
  area(): number { return this.width * this.height; }
}
""",
        [EMPTY, SINGLE, STRAIGHT, None],
    ),
    "tsx": (
        """
const Title = (name: string) => <b>{name}</b>;
const push = (item: Item) => items.push(item);
""",
        [None, SINGLE],
    ),
}


@pytest.mark.parametrize("language", CASES)
def test_forms_of_functions(language: str) -> None:
    source, forms = CASES[language]
    functions = functions_of(source, language).functions
    assert [(one.name, one.form) for one in functions] == [
        (one.name, form or "") for one, form in zip(functions, forms, strict=True)
    ]


def test_every_language_is_tested() -> None:
    from avatar.code.languages import LANGUAGES

    assert set(CASES) == set(LANGUAGES.names())


def test_a_long_statement_is_not_simple() -> None:
    """A table, or a query of many parts: its copies are worth merging."""
    entries = ", ".join(f"'{number}': {number}" for number in range(40))
    (table,) = functions_of(f"def table():\n    return {{{entries}}}\n", "python").functions
    assert table.form == ""
    fields = "\n".join(f"        self.field{number} = field{number}" for number in range(20))
    (large,) = functions_of(f"class A:\n    def __init__(self):\n{fields}\n", "python").functions
    assert large.form == Form.STRAIGHT


def test_comments_do_not_count() -> None:
    note = "    # " + " ".join(["word"] * 100)
    (one,) = functions_of(f"def one(x):\n{note}\n    return two(x)\n{note}\n", "python").functions
    assert one.form == Form.SINGLE


def test_a_long_standard_method_is_an_ordinary_function() -> None:
    terms = " and ".join(f"self.field{number} == other.field{number}" for number in range(40))
    (equal,) = functions_of(f"class A:\n    def __eq__(self, other):\n        return {terms}\n", "python").functions
    assert equal.form == ""
