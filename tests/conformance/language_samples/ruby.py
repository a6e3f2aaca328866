from language_samples.base import Sample

SOURCE = """require 'set'

module Shop
  class Box < Base
    attr_reader :size

    def initialize(size) = @size = size

    def size=(value); @size = value; end

    def ==(other)
      other.size == size
    end

    class << self
      def build
        new(1)
      end
    end

    def self.empty?
      text = <<~TEXT
        end
      TEXT
      text.empty?
    end
    define_method(:other) { 1 }
  end
end

class Shop::Cart
  private def one
    1
  end
end

def shop.open; end
"""
BODY = """def total(count)
  # first
  sum = 0
  while count > 0 # down
    sum += count
    count -= 1
  end
  sum
end
"""
SAMPLE = Sample(
    SOURCE,
    [
        ("Shop::Box::initialize", 7, 7),
        ("Shop::Box::size=", 9, 9),
        ("Shop::Box::==", 11, 13),
        ("Shop::Box::build", 16, 18),
        ("Shop::Box::empty?", 21, 26),
        ("Shop::Cart::one", 32, 34),
        ("shop.open", 37, 37),
    ],
    BODY,
)
