"""C++ in the style of Qt, LLVM, Chromium, Unreal and others: macros do not hide classes or methods."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.code.functions import functions_of
from avatar.code.macros import hide_macros

QT = """QT_BEGIN_NAMESPACE

class Q_WIDGETS_EXPORT Label : public Frame
{
    Q_OBJECT
    Q_PROPERTY(QString text READ text
               WRITE setText)
    Q_DISABLE_COPY(Label)
public:
    explicit Label(Widget *parent = nullptr) : Frame(parent) { init(); }
    QString text() const { return m_text; }
public Q_SLOTS:
    void setText(const QString &t) { m_text = t; }
Q_SIGNALS:
    void changed(const QString &link);
protected slots:
    void late() Q_DECL_NOTHROW { emit changed("a"); }
private:
    QString m_text;
};

class Worker : public QObject {
    Q_OBJECT
    void run() { go(); }
signals:
    void done();
};

QT_END_NAMESPACE
"""
LLVM = """namespace llvm {
class LLVM_LIBRARY_VISIBILITY Target final : public Base {
public:
  Target() : Base() {}
  bool empty() const { return !size; }
};
template <class T> class LLVM_ABI Box : public Base { T get() { return x; } };
struct LLVM_ABI Plain { int get() const { return x; } };
}
"""
CHROMIUM = """namespace content {
class CONTENT_EXPORT Frame
    : public Listener,
      public Sender {
 public:
  static Frame* From(int id) { return nullptr; }
  void Draw() LOCKS_EXCLUDED(lock_) { bar(); }
};
class [[nodiscard]] BASE_EXPORT Token { int get() { return 1; } };
class Last FINAL : public Frame { int get() { return 1; } };
}
"""
UNREAL = """UCLASS(Blueprintable)
class GAME_API AShip : public AActor
{
    GENERATED_BODY()

    UFUNCTION()
    void Fire() { Shoot(); }
};
"""
OTHERS = """FMT_BEGIN_NAMESPACE
namespace std _VISIBILITY(default) {
class vtkCore_EXPORT vtkThing : public vtkObject { int get() { return 1; } };
class __declspec(dllexport) A { int get() { return 1; } };
struct __attribute__((packed)) B { int get() { return 1; } };
class DEPRECATED("old { one") C { int get() { return 1; } };
class API D<int> { int get() { return 1; } };
}
FMT_END_NAMESPACE
"""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            QT,
            [
                ("Label::Label", 10, 10),
                ("Label::text", 11, 11),
                ("Label::setText", 13, 13),
                ("Label::late", 17, 17),
                ("Worker::run", 24, 24),
            ],
        ),
        (
            LLVM,
            [
                ("llvm::Target::Target", 4, 4),
                ("llvm::Target::empty", 5, 5),
                ("llvm::Box::get", 7, 7),
                ("llvm::Plain::get", 8, 8),
            ],
        ),
        (
            CHROMIUM,
            [
                ("content::Frame::From", 6, 6),
                ("content::Frame::Draw", 7, 7),
                ("content::Token::get", 9, 9),
                ("content::Last::get", 10, 10),
            ],
        ),
        (UNREAL, [("AShip::Fire", 7, 7)]),
        (
            OTHERS,
            [
                ("std::vtkThing::get", 3, 3),
                ("std::A::get", 4, 4),
                ("std::B::get", 5, 5),
                ("std::C::get", 6, 6),
                ("std::D<int>::get", 7, 7),
            ],
        ),
    ],
    ids=["qt", "llvm", "chromium", "unreal", "others"],
)
@pytest.mark.parametrize("language", ["cpp", "c"])  # a header is read as C first
def test_neither_the_first_method_nor_the_name_of_its_class_is_lost(
    source: str, expected: list[tuple[str, int, int]], language: str
) -> None:
    for ends in ("\n", "\r\n"):
        outline = functions_of(source.replace("\n", ends), language)
        assert [(one.name, one.first_line, one.last_line) for one in outline.functions] == expected
        assert outline.note == ""


def test_a_text_keeps_its_macros() -> None:
    late = functions_of(QT, "cpp").functions[3]
    assert late.text == 'void late() Q_DECL_NOTHROW { emit changed("a"); }\n'


@pytest.mark.parametrize(
    "source",
    [
        "BOOL\nWINAPI_Main(int a)\n{\n    return a;\n}\n",
        "STDMETHODIMP_(ULONG)\nThing::AddRef()\n{\n    return 1;\n}\n",
        "TEST(Stack, Grows) {\n  push(1);\n}\n",
        "int f() {\n  return a +\n    SOME_CONSTANT\n    ;\n}\n",
        "struct tm t{0};\nfor (struct item one : items) {}\n",
        "/// This class shows what comes: nothing\nclass Foo : public Bar {\n};\n",
        "/* a class of its own: yes { */\nint f() { return 1; }\n",
        "int size = x ? (int) MAX_SIZE : 0;\n",
        "class Foo final : public Bar { int f() { return 1; } };\n",
    ],
)
def test_what_is_no_macro_stays(source: str) -> None:
    assert hide_macros(source.encode()) == source.encode()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "class ",
                "A_B",
                "Q_OBJECT",
                " Foo",
                "(",
                ")",
                "{",
                "}",
                ";",
                ":",
                "\n",
                "\r\n",
                "\\\n",
                "/*",
                "*/",
                "//",
                '"',
                "<",
                ">",
                "::",
                "#if X",
                "public slots:",
                "signals:",
                "final ",
                "~",
                "é",
            ]
        ),
        max_size=40,
    ).map("".join)
)
def test_every_line_stays_in_its_place(source: str) -> None:
    content = source.encode()
    hidden = hide_macros(content)
    assert len(hidden) == len(content)
    assert all(new in (old, ord(" ")) for old, new in zip(content, hidden, strict=True))
    assert [len(line) for line in hidden.split(b"\n")] == [len(line) for line in content.split(b"\n")]


@pytest.mark.parametrize(
    "piece",
    [
        "class A B <",
        "class A B /*",
        "class A B :",
        "struct A AAA{",
        "\nAAA\n/*",
        '\nAAA("',
        "\nAAA\nB<",
        ") AAA(x) ",
        "\nnamespace A",
        "\nAAA\n::\n",
        "class [[",
    ],
)
def test_time_grows_with_the_length_alone(piece: str) -> None:
    content = (piece * 20_000).encode()
    start = time.process_time()
    hide_macros(content)
    assert time.process_time() - start < 3  # takes 0.1 to 1 s; quadratic time would take minutes
