from language_samples.base import Sample

SOURCE = """import a from 'a';
class Box {
    constructor() { this.reset(); }
    get size() { return 1; }
    #half = (x) => x / 2;
}
Box.prototype.empty = function () {};
export const twice = async (x) => {
    return <b title="x">Don't {x}</b>;
};
module.exports = { one() {}, two: function () {} };
"""
BODY = """function total(count) {
    // first
    let sum = 0;
    while (count > 0) { /* down */
        sum += count--;
    }
    return sum;
}
"""
SAMPLE = Sample(
    SOURCE,
    [
        ("Box.constructor", 3, 3),
        ("Box.size", 4, 4),
        ("Box.#half", 5, 5),
        ("Box.empty", 7, 7),
        ("twice", 8, 10),
        ("one", 11, 11),
        ("two", 11, 11),
    ],
    BODY,
)
