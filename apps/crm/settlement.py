"""What was received against what was asked: an invoice is paid once its payments cover it."""

from decimal import Decimal

from django.db import transaction

from apps.crm.models import Invoice


@transaction.atomic
def settle(invoice_id: int, *, payment_removed: bool = False) -> Invoice:
    """Move an open invoice to paid when its payments cover it, and a paid one back to open when they no longer do.

    Drafts and voided invoices stay. So does a paid invoice without any payment, which was settled elsewhere,
    unless its last payment has just been removed.
    """
    invoice = Invoice.objects.select_for_update().get(pk=invoice_id)
    amounts = list(invoice.payments.values_list("amount", flat=True))
    status = _status(invoice, amounts, payment_removed)
    if status != invoice.status:
        invoice.status = status
        invoice.save(update_fields=["status"])
    return invoice


def _status(invoice: Invoice, amounts: list[Decimal], payment_removed: bool) -> str:
    if invoice.status not in Invoice.BILLED or not (amounts or payment_removed):
        return invoice.status
    return Invoice.Status.PAID if sum(amounts) >= invoice.total else Invoice.Status.OPEN
