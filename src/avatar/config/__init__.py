"""The typed configuration: one dataclass per group, and checks of all values together."""

from avatar.config.schema import Config, register_schema

__all__ = ["Config", "register_schema"]
