from language_samples.base import Sample

SOURCE = """package a

type Stack[T any] struct{ items []T }

// Push adds.
func (s *Stack[T]) Push(item T) {
	s.items = append(s.items, item)
}

func (Stack[T]) len() int { return 0 }

var double = func(x int) int { return 2 * x }

func declared(x int)

func max(a, b int) (c int) {
	return a
}
"""
BODY = """func total(count int) int {
    // first
    sum := 0
    for count > 0 { /* down */
        sum += count
        count--
    }
    return sum
}
"""
SAMPLE = Sample(SOURCE, [("Stack.Push", 6, 8), ("Stack.len", 10, 10), ("double", 12, 12), ("max", 16, 18)], BODY)
