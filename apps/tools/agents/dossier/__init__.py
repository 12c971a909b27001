"""The customer dossier: what was handed in, sorted; what the shelf says; texts that rest on both, each with its sources.

No class here adds a fact: a sentence repeats what an input says, or says that no input says it.
"""
