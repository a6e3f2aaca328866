"""The typed configuration: one dataclass per group, checked as a whole."""

from avatar.config.schema import Config, register_schema

__all__ = ["Config", "register_schema"]
