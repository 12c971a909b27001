"""All codes of workflow errors: what kind of error each is, and what its documentation says.

A code never changes its meaning. docs/authors/workflow-definition.md shows this table; a test compares them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

TYPES: Mapping[str, str] = {
    "CFG": "ConfigurationError",
    "DEP": "DependencyError",
    "PROC": "ProcessingError",
    "CTX": "ContextError",
    "EXEC": "TaskExecutionError",
}


@dataclass(frozen=True, kw_only=True)
class Code:
    code: str
    meaning: str
    advice: str
    """What to do, when nothing more precise can be said."""

    @property
    def type(self) -> str:
        return TYPES[self.code.partition("_")[0]]


_TABLE = (
    ("CFG_001", "A field is missing, or its value cannot be used.", "Correct the field that is named."),
    ("CFG_002", "A field is not known here.", "Correct its name, or remove it."),
    ("CFG_003", "Two tasks or two groups have the same name.", "Give each its own name."),
    ("CFG_004", "No agent or tool class has this name.", "Use one of the classes that are installed."),
    ("CFG_005", "There is no template with this key.", "Use the key of a template that is in service."),
    ("CFG_006", "There is no such tool.", "Use one of the tools that are installed."),
    ("CFG_007", "A task does not say what runs it, or says it twice.", "Give exactly one of the fields named."),
    ("CFG_008", "The workflow, or a part of it, is too large.", "Split it: a task can run another workflow."),
    ("CFG_009", "A condition cannot be read.", "Write a path and a test: {\"risk.score\": {\"minimum\": 0.8}}."),
    ("CFG_010", "The script of a task has errors.", "Correct the script at the line that is named."),
    ("CFG_011", "The tasks of a choice do not fit together.", "Let them wait for the same, the one without condition last."),
    ("CFG_012", "A task names another one that does not exist.", "Use the name of a task of this workflow."),
    ("DEP_001", "A key is needed that nothing produces.", "Declare it as an input, or add it to a task's result_keys."),
    ("DEP_002", "Two tasks produce the same key.", "Rename one, or make the tasks alternatives of one choice."),
    ("DEP_003", "Tasks wait for each other in a circle.", "Remove one of the dependencies; repeat with a loop instead."),
    ("DEP_004", "A task can never run.", "Correct what it waits for."),
    ("DEP_005", "A join wants more dependencies than the task has.", "Lower the number, or add dependencies."),
    ("DEP_006", "A dependency wants another type than the input has.", "Make the two types the same."),
    ("DEP_007", "Nothing of a plan runs at the same time.", "Remove dependencies that are not needed."),
    ("DEP_008", "What a task waits for did not come in time.", "Retry the workflow, or give more time."),
    ("DEP_009", "A value has another type than the dependency declares.", "Correct what makes it, or the type."),
    ("PROC_001", "An expansion cannot be made.", "Map each variable to an array, and begin identifiers with a variable."),
    ("PROC_002", "An output rule does not fit its task.", "Use a key of the task's result_keys and a path such as $.a.b."),
    ("CTX_001", "A placeholder names something that is not there.", "Use a name that is there, or a default: {name|text}."),
    ("CTX_002", "A placeholder is not written correctly.", "Write {name} or {name|default}; a brace itself is {{ or }}."),
    ("CTX_003", "A task uses a key that it does not wait for.", "Add the key to the task's dependencies."),
    ("CTX_004", "A text is too long once its placeholders are filled.", "Pass large values as parameters, not in texts."),
    ("CTX_005", "A condition names something that is not there.", "Use one of the names there are."),
    ("CTX_006", "A name is reserved.", "Use another name."),
    ("EXEC_001", "The task of a node failed.", "Correct the cause, which the task's page tells, then retry the workflow."),
    ("EXEC_002", "A node did not end in time.", "Give it more time, then retry the workflow."),
    ("EXEC_003", "A result lacks keys.", "Let the task answer an object with each of its result_keys."),
    ("EXEC_004", "A precondition does not hold.", "Correct what the tasks before it made, then retry the workflow."),
    ("EXEC_005", "A postcondition does not hold.", "Correct the task, then retry the workflow."),
    ("EXEC_006", "A result was rejected, or could not be judged.", "Correct the task or its validator, then retry the workflow."),
    ("EXEC_007", "A task could not be started.", "Correct what is named, then retry the workflow."),
    ("EXEC_008", "The items of an expansion cannot be used.", "Correct the arrays, or raise the limit."),
    ("EXEC_009", "Too few tasks of an expansion completed.", "Correct the causes, then retry the workflow; or relax the policy."),
    ("EXEC_010", "Nobody decided in time.", "Retry the workflow: people are asked again."),
    ("EXEC_011", "The workflow did not end in time.", "Give more time in its timeouts.run, then retry it."),
    ("EXEC_012", "The task of a node was cancelled.", "Retry the workflow if it is needed after all."),
    ("EXEC_013", "A value is too large, or cannot be recorded.", "Save it as a file, and return a summary."),
    ("EXEC_014", "Nothing can go on.", "Look at what the waiting tasks depend on."),
    ("EXEC_015", "A result cannot go into the document.", "Correct the result, the rule or the format."),
)  # fmt: skip

CODES: Mapping[str, Code] = {code: Code(code=code, meaning=meaning, advice=advice) for code, meaning, advice in _TABLE}
