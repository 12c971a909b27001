"""What a requester needs for a workflow: the permissions of all that its nodes and their judges use."""

from apps.catalog.definition import Definition
from apps.executors.workflow.kind import WorkflowExecutor


def needed(**task):
    graph = {"tasks": [{"name": "A", **task}]}
    return WorkflowExecutor().permissions(Definition(kind="workflow", graph=graph))


def test_a_class_needs_what_it_reads():
    assert needed(agent_class="DataEnricher") == {"crm.view_client", "crm.view_invoice"}


def test_so_do_the_classes_that_an_agent_may_use():
    assert needed(agent_class="Agent", tools=["SaveIntakeInformation"]) == {"crm.view_client"}
    assert needed(message_template="Read.", tools=["SaveIntakeInformation", "Write38CFRPoints"]) == {
        "crm.view_client", "knowledge.view_document",
    }  # fmt: skip


def test_so_do_judges_scripts_and_tools():
    script = "import crm\n\n\ndef run(params):\n    return crm.payments()\n"
    assert needed(script=script, validator_tool="IngestCustomers") == {"crm.view_payment", "crm.view_client"}
    assert needed(tool="crm.services") == {"crm.view_service"}


def test_what_is_not_installed_needs_nothing():
    assert needed(agent_class="Nobody", tools=["nothing.here"], validator_tool="Nobody") == set()
