from language_samples.base import Sample

SOURCE = """import a


class Box:
    @property
    def get(self):
        return 1


def one():
    return 1
"""
BODY = """def total(count):
    # first
    sum = 0
    while count:  # down
        sum += count
        count = count - 1
    return sum
"""
SAMPLE = Sample(SOURCE, [("Box.get", 5, 7), ("one", 10, 11)], BODY)
