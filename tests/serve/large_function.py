"""A function that is large enough for the default rules of a scan."""

FUNCTION = """\
def twin(values):
    total = 0
    largest = 0
    for value in values:
        if value > 0:
            total += value
        elif value < -100:
            total -= value * 2
        largest = max(largest, value)
    return total + largest
"""
