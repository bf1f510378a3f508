"""What holds for every test: no property is judged by how long its examples take on a busy machine."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
