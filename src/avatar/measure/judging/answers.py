"""Students that answer an example with a label."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.seeding import generator
from avatar.data.batching import TokenTable
from avatar.data.cuts import best_cut, score_of
from avatar.data.inference import predict_logits
from avatar.data.overlaps import twin_mask
from avatar.data.records import Corpus, SplitName
from avatar.data.tokenizers import PAD_ID, UNKNOWN_ID, CodeTokenizer, encode_texts
from avatar.measure.calibration import probabilities
from avatar.measure.decision import Decision, fit_decision
from avatar.measure.fidelity import Fidelity, agreement, kl
from avatar.measure.judging.base import Decided, Judged, TeacherOnTest
from avatar.measure.metrics import classification, scored
from avatar.measure.robustness import Example
from avatar.measure.standard_error import influences
from avatar.metrics.calibration import expected_calibration_error
from avatar.student.encoder import StudentModel

VALID, TEST = SplitName.VALID, SplitName.TEST


class AnswerJudge:
    """Scores of labels: accuracy, F1 and so on."""

    def on_valid(self, model: StudentModel, tokens: TokenTable, corpus: Corpus, metric: str) -> Judged:
        """The score at the decision that is best on valid."""
        truth, members = corpus.labels(VALID), corpus.members(VALID)
        logits = predict_logits(model, tokens, members)
        answers = fit_decision(logits, truth, metric).labels(logits)
        return Judged(getattr(classification(truth, answers), metric), influences(answers, truth, metric), members)

    def fit(self, model: StudentModel, tokens: TokenTable, corpus: Corpus, metric: str) -> Decision:
        """Temperature and threshold."""
        logits = predict_logits(model, tokens, corpus.members(VALID))
        return fit_decision(logits, corpus.labels(VALID), metric)

    def restored(self, values: Mapping[str, Any]) -> Decision:
        """Temperature and threshold."""
        return Decision(**values)

    def measured(
        self, model: StudentModel, tokens: TokenTable, corpus: Corpus, metric: str, teacher: TeacherOnTest | None
    ) -> tuple[dict[str, float], Decision]:
        """Scores on test and valid, on test without twins, calibration, the teacher's scores, and the agreement."""
        values: dict[str, float] = {}
        logits = {split: predict_logits(model, tokens, corpus.members(split)) for split in (TEST, VALID)}
        test = corpus.labels(TEST)
        decision = fit_decision(logits[VALID], corpus.labels(VALID), metric)
        answers = decision.labels(logits[TEST])
        chances = {split: probabilities(logits[split], decision.temperature)[:, 1] for split in (TEST, VALID)}
        values |= scored(test, answers, chances[TEST], corpus.fix_rows(TEST)).as_dict("test/")
        valid = scored(corpus.labels(VALID), decision.labels(logits[VALID]), chances[VALID], corpus.fix_rows(VALID))
        values |= valid.as_dict("valid/")
        if metric != "accuracy":
            values["decision/threshold"] = decision.threshold
        without_twins = ~twin_mask(corpus, TEST)
        if without_twins.any() and not without_twins.all():
            alone = scored(test[without_twins], answers[without_twins], chances[TEST][without_twins])
            values |= alone.as_dict("test_without_twins/")
        for name, divisor in (("fidelity/ece", 1.0), ("fidelity/ece_scaled", decision.temperature)):
            values[name] = expected_calibration_error(probabilities(logits[TEST], divisor), test)
        if teacher is not None:
            values |= teacher.metrics.as_dict("teacher_test/")
            assert teacher.logits is not None  # a teacher of this task answers with labels
            followed = Fidelity(
                agreement(answers, teacher.decision.labels(teacher.logits)), kl(logits[TEST], teacher.logits)
            )
            values |= followed.as_dict()
        return values, decision

    def examples(self, corpus: Corpus, split: SplitName, count: int, seed: int) -> list[Example]:
        """Texts of random examples."""
        functions = list(corpus.functions.values())
        members = corpus.members(split)
        rows = generator(seed, "rewritten examples").permutation(len(members))[: count or None]
        return [tuple(functions[member].code for member in members[row]) for row in rows]

    def labels(
        self, model: StudentModel, tokenizer: CodeTokenizer, decision: Decided, examples: Sequence[Example]
    ) -> NDArray[np.int64]:
        """Labels (examples,); each distinct text is tokenized once."""
        table, members = tokenized(tokenizer, examples, model.arch.max_length)
        return Decision(decision.temperature, decision.threshold).labels(predict_logits(model, table, members))

    def chance(self, corpus: Corpus, metric: str) -> float:
        """The score of the best constant answer for accuracy.

        For other metrics a threshold is fitted, which by chance can score higher on random logits: it is the 95 %
        quantile of the scores of 200 random logits.
        """
        labels = corpus.labels(VALID)
        if metric == "accuracy":
            return best_cut(np.zeros(len(labels)), labels, metric).score
        random = np.random.default_rng(0)
        scores = [score_of(random.normal(size=len(labels)), labels, metric) for _ in range(200)]
        return float(np.quantile(scores, 0.95))


def tokenized(
    tokenizer: CodeTokenizer, examples: Sequence[Example], max_length: int
) -> tuple[TokenTable, NDArray[np.int64]]:
    """The distinct texts in tokens, and the rows of each example's texts, (examples, functions)."""
    index = {text: row for row, text in enumerate(dict.fromkeys(text for one in examples for text in one))}
    rows = encode_texts(tokenizer, list(index), max_length)
    members = np.asarray([[index[text] for text in example] for example in examples], dtype=np.int64)
    return TokenTable.from_lists(rows, PAD_ID, UNKNOWN_ID), members
