from language_samples.base import Sample

SOURCE = """use std::fmt;
mod inner {
    impl<'a, T> super::Stack<'a, T> {
        /// Adds.
        #[inline]
        pub fn push(&mut self, item: T) { self.items.push(item) }
    }
}
impl<T> fmt::Display for Stack<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result { write!(f, "it's") }
}
trait Shape {
    fn area(&self) -> f64;
    fn twice(&self) -> f64 {
        2.0 * self.area()
    }
}
"""
BODY = """fn total(mut count: i32) -> i32 {
    // first
    let mut sum = 0;
    while count > 0 { /* down */
        sum += count;
        count -= 1;
    }
    sum
}
"""
SAMPLE = Sample(SOURCE, [("inner::Stack::push", 6, 6), ("Stack::fmt", 10, 10), ("Shape::twice", 14, 16)], BODY)
