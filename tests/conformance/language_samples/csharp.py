from language_samples.base import BRACES, Sample

SOURCE = (
    """namespace Shop.Core {
public class Box<T> : Base, ISized where T : class {
    private int size, other = 1;
    public Box(int size) : base(size) { this.size = size; }
    ~Box() { Close(); }
    public int Size { get { return size; } set => size = value; }
    public int Twice => size * 2;
    public int Auto { get; set; } = 3;
    int ISized.Get() => 1;
    public string this[int row] => $"{row} {size:N2}";
    public event Handler Changed { add { } remove { } }
    public static Box<T> operator +(Box<T> a, Box<T> b) { return a; }
    public static implicit operator int(Box<T> a) => a.size;
    abstract void None();
    struct In { void Run() { int Local() => 1; Local(); } }
    protected override async Task<int> get() { await Go(); return 1; }
    """
    + BRACES.replace("\n", "\n    ")
    + "}\n}\nrecord Pair(int A) { int Sum() => A; }\nint Top() { return 1; }\n"
)
SAMPLE = Sample(
    SOURCE,
    [
        ("Shop.Core.Box.Box", 4, 4),
        ("Shop.Core.Box.~Box", 5, 5),
        ("Shop.Core.Box.Size.get", 6, 6),
        ("Shop.Core.Box.Size.set", 6, 6),
        ("Shop.Core.Box.Twice", 7, 7),
        ("Shop.Core.Box.ISized.Get", 9, 9),
        ("Shop.Core.Box.this[]", 10, 10),
        ("Shop.Core.Box.Changed.add", 11, 11),
        ("Shop.Core.Box.Changed.remove", 11, 11),
        ("Shop.Core.Box.operator +", 12, 12),
        ("Shop.Core.Box.operator int", 13, 13),
        ("Shop.Core.Box.In.Run", 15, 15),
        ("Shop.Core.Box.get", 16, 16),
        ("Shop.Core.Box.total", 17, 24),
        ("Pair.Sum", 27, 27),
        ("Top", 28, 28),
    ],
)
