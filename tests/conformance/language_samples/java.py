from language_samples.base import BRACES, Sample

SAMPLE = Sample(
    "package a;\nclass Box {\n    Box() { reset(); }\n    class In { int get() { return 1; } }\n" + BRACES + "}\n",
    [("Box.Box", 3, 3), ("Box.In.get", 4, 4), ("Box.total", 5, 12)],
)
