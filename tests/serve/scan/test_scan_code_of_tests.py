import pytest

from avatar.serve.scan.code_of_tests import is_test, is_test_file
from avatar.serve.scan.findings import Location


@pytest.mark.parametrize(
    "name",
    [
        "tests/helpers.py",
        "pkg/test_orders.py",
        "pkg/orders_test.py",
        "conftest.py",
        "src/test/java/org/a/Base.java",
        "tool-testsuite/src/Base.java",
        "src/androidTest/kotlin/Base.kt",
        "src/OrderTests.cs",
        "Orders.Tests/Base.cs",
        "src/OrderTestCase.php",
        "orders_test.go",
        "spec/orders_spec.rb",
        "src/orders.test.ts",
        "src/orders-spec.js",
        "src/__tests__/orders.jsx",
        "base/orders_unittest.cc",
        "cypress/e2e/orders.js",
    ],
)
def test_files_of_tests(name: str) -> None:
    assert is_test_file(name)


@pytest.mark.parametrize(
    "name",
    [
        "src/latest/contest.py",
        "src/attestation.go",
        "flask/testing.py",
        "src/TestTree.cs",
        "src/Latest.java",
        "src/specification/Order.java",
        "src/request.rb",
        "src/protest/a.ts",
    ],
)
def test_other_files(name: str) -> None:
    assert not is_test_file(name)


def one(name: str, language: str, file: str) -> Location:
    return Location(file, name, 1, 9, language, "key", 9, 90)


def test_functions_of_tests_in_other_files() -> None:
    assert is_test(one("orders::tests::adds", "rust", "src/orders.rs"))
    assert not is_test(one("orders::tester::adds", "rust", "src/orders.rs"))
    assert not is_test(one("tests.adds", "python", "src/orders.py"))
    assert is_test(one("db::TEST_F", "cpp", "db/orders.cc"))
    assert is_test(one("TYPED_TEST", "cpp", "db/orders.cc"))
    assert not is_test(one("TESTING", "cpp", "db/orders.cc"))
