"""The storm: real clusters under load while processes, databases, disks, keys and clocks fail; then the checker.

python -m tests.chaos.storm --seed 1 --minutes 10 --database postgresql --clusters 2
"""
