"""Compiles the per-message path of wsrun when a wheel is built.

The modules of ``table.py`` are plain Python and stay so: whoever runs a checkout runs them as they are. For a
wheel, ``declarations.py`` writes beside each a ``.pxd`` with the C types of its classes' attributes,
``build.py`` has Cython and the C compiler make extension modules of them in a folder of its own, and
``hatch_build.py`` puts those into the wheel, where Python prefers them to the ``.py`` of the same name.
"""
