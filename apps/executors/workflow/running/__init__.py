"""Running a workflow: what is due is taken note of, what follows is decided, and written in one transaction.

An attempt of a workflow is short. It reads which nodes' tasks have ended (`store`), decides what they set free (`board`,
which knows no database), writes that together with the new tasks (`attempt`), and leaves its worker until something else
ends. What it costs grows with what has ended since, not with the graph.
"""
