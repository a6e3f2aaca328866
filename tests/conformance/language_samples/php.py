from language_samples.base import Sample

BODY = """function total($count) {
    // first
    $sum = 0;
    while ($count > 0) { /* down */
        $sum += $count--;
    }
    return $sum;
}
"""
SOURCE = (
    """<p>it's HTML</p>
<?php
namespace Shop;
trait Named { function name(): string { return "a $b {$this->c}"; } abstract function other(); }
abstract class Box extends Base implements Sized {
    use Named;
    public function __construct(private int $size = 1) {}
    public static function list() {
        # it's a keyword
        return '?>';
    }
}
interface Sized { function size(); }
enum Kind { case A; function label() { return <<<TEXT
    ?> }
    TEXT; } }
"""
    + BODY
    + """?>
<b>function no() {}</b> <?= $x ?>
<?php if (!function_exists('late')) {
    function late() {}
}
?>
<p>function no() {}</p>
"""
)
SAMPLE = Sample(
    SOURCE,
    [
        ("Named::name", 4, 4),
        ("Box::__construct", 7, 7),
        ("Box::list", 8, 11),
        ("Kind::label", 14, 16),
        ("total", 17, 24),
        ("late", 28, 28),
    ],
    BODY,
)
