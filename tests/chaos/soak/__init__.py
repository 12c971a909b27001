"""The soak: real clusters under a steady, gentle load without faults for an hour; does anything grow, or stay held?

python -m tests.chaos.soak --minutes 60 --database postgresql --clusters 2
"""
