from language_samples.base import BRACES, Sample

SAMPLE = Sample(
    "namespace n {\nclass Box {\n public:\n  int get() const { return x; }\n};\n}\n" + BRACES,
    [("n::Box::get", 4, 4), ("total", 7, 14)],
)
