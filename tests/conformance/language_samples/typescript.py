from language_samples.base import Sample

SOURCE = """import { a } from 'a';
namespace n {
    export abstract class Box<T> {
        constructor(private readonly items: T[] = []) {}
        abstract none(): void;
        private half = (x: number): number => x / 2;
        get(i: number): T;
        get(i: any): T { return <T>this.items[i]; }
    }
}
export const twice = <T,>(x: T): T[] => {
    return [x, x];
};
"""
BODY = """function total(count: number): number {
    // first
    let sum: number = 0;
    while (count > 0) { /* down */
        sum += count--;
    }
    return sum;
}
"""
SAMPLE = Sample(
    SOURCE, [("n.Box.constructor", 4, 4), ("n.Box.half", 6, 6), ("n.Box.get", 8, 8), ("twice", 11, 13)], BODY
)
