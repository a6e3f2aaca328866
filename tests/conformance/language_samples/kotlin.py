from language_samples.base import Sample

BODY = """fun total(from: Int): Int {
    // first
    var count = from
    var sum = 0
    while (count > 0) { /* down */
        sum += count--
    }
    return sum
}
"""
SOURCE = (
    """package shop.core

class Box<T>(val size: Int) : Base(size), Sized {
    private val twice: Int
        get() = size * 2
    var mode: Int = 1
        get() { return field }
        set(value) { field = value }

    constructor(a: Int, b: Int) : this(a + b) { println(b) }

    abstract fun none(): Int

    companion object {
        fun of(size: Int) = Box<Int>(size)
    }

    operator fun get(row: Int): Int {
        fun local() = row
        return local()
    }
}

object Shelf {
    override suspend fun <R> open(a: R, c: (Int) -> Unit = {}): R where R : Any = a
}

interface Sized {
    fun sized() {}
}

enum class Kind(val code: Int) {
    A(1) {
        override fun label() = "a"
    },
    B(2);

    open fun label(): String = "$code ${code + 1}"
}

fun String.twice(): String = this + this

"""
    + BODY
)
SAMPLE = Sample(
    SOURCE,
    [
        ("Box.twice.get", 5, 5),
        ("Box.mode.get", 7, 7),
        ("Box.mode.set", 8, 8),
        ("Box.constructor", 10, 10),
        ("Box.Companion.of", 15, 15),
        ("Box.get", 18, 21),
        ("Shelf.open", 25, 25),
        ("Sized.sized", 29, 29),
        ("Kind.A.label", 34, 34),
        ("Kind.label", 38, 38),
        ("twice", 41, 41),
        ("total", 43, 51),
    ],
    BODY,
    frozenset({"from", "count", "sum"}),
)
