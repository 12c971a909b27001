"""Who buys or supplies what: clients, services, invoices with their lines, payments.

Amounts are exact decimals in the invoice's currency. Overdue is a question (`is_overdue`, `overdue`), never a column.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact

from apps.crm import exact, validators

ZERO = Decimal(0)


class AmountField(models.DecimalField):
    """Money or a quantity: the digits that both databases keep exactly."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", exact.MAX_DIGITS)
        kwargs.setdefault("decimal_places", exact.PLACES)
        super().__init__(*args, **kwargs)


class CurrencyField(models.CharField):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 3)
        kwargs.setdefault("help_text", "ISO 4217 code, for example EUR.")
        super().__init__(*args, **kwargs)
        self.default_validators = [*self.default_validators, validators.currency]


class Imported(models.Model):
    """A row that may have come from elsewhere; source and external id make its import repeatable."""

    source = models.CharField(max_length=40, blank=True, help_text="Where the row came from; empty for own rows.")
    external_id = models.CharField(max_length=100, null=True, blank=True, help_text="The row's id in its source.")

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="%(app_label)s_%(class)s_external_id"),
        ]


class Client(Imported):
    class Kind(models.TextChoices):
        CUSTOMER = "customer"
        SUPPLIER = "supplier"

    class Status(models.TextChoices):
        ACTIVE = "active"
        INACTIVE = "inactive"
        PROSPECT = "prospect"

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.CUSTOMER)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    email = models.EmailField(blank=True)
    address = models.CharField(max_length=300, blank=True)
    city = models.CharField(max_length=100, blank=True)
    country = models.CharField(max_length=100, blank=True)
    country_code = models.CharField(max_length=2, blank=True, validators=[validators.country_code])
    latitude = models.FloatField(
        null=True, blank=True, help_text="WGS 84 degrees", validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = models.FloatField(
        null=True, blank=True, help_text="WGS 84 degrees", validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    since = models.DateField()
    payment_terms_days = models.PositiveSmallIntegerField(default=30, validators=[MaxValueValidator(365)])

    class Meta(Imported.Meta):
        ordering = ["code"]
        indexes = [models.Index(fields=["status", "kind"], name="crm_client_status")]
        constraints = [
            *Imported.Meta.constraints,
            models.CheckConstraint(condition=Q(kind__in=["customer", "supplier"]), name="crm_client_kind"),
            models.CheckConstraint(
                condition=Q(status__in=["active", "inactive", "prospect"]), name="crm_client_status_known"
            ),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                # A check that is NULL passes: both sides have to be asked for.
                | Q(
                    latitude__isnull=False,
                    longitude__isnull=False,
                    latitude__range=(-90, 90),
                    longitude__range=(-180, 180),
                ),
                name="crm_client_coordinates",
            ),
            models.CheckConstraint(condition=Q(payment_terms_days__lte=365), name="crm_client_payment_terms"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def clean(self) -> None:
        if (self.latitude is None) != (self.longitude is None):
            raise ValidationError({"latitude": "Give both latitude and longitude, or neither."})


class Service(Imported):
    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    category = models.CharField(max_length=60, blank=True)
    unit = models.CharField(max_length=20, default="piece")
    currency = CurrencyField()
    unit_price = AmountField(help_text="List price; what was agreed stands on the invoice line.")
    is_active = models.BooleanField(default=True)

    class Meta(Imported.Meta):
        ordering = ["code"]
        constraints = [
            *Imported.Meta.constraints,
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="crm_service_unit_price"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def billed(self) -> "InvoiceQuerySet":
        """What counts as turnover: neither drafts nor voided invoices."""
        return self.filter(status__in=Invoice.BILLED)

    def overdue(self, today: date) -> "InvoiceQuerySet":
        return self.filter(status=Invoice.Status.OPEN, due_on__lt=today)


class Invoice(Imported):
    class Status(models.TextChoices):
        DRAFT = "draft"
        OPEN = "open"
        PAID = "paid"
        VOID = "void"

    BILLED = (Status.OPEN, Status.PAID)

    number = models.CharField(max_length=40, unique=True)
    client = models.ForeignKey(Client, models.PROTECT, related_name="invoices", db_index=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    issued_on = models.DateField()
    due_on = models.DateField()
    currency = CurrencyField()
    subtotal = AmountField(default=ZERO, help_text="Sum of the lines, before tax.")
    tax = AmountField(default=ZERO)
    charges = AmountField(default=ZERO, help_text="Freight and other charges outside the lines.")
    total = AmountField(default=ZERO, help_text="Subtotal + tax + charges.")
    note = models.CharField(max_length=300, blank=True)

    objects = InvoiceQuerySet.as_manager()

    class Meta(Imported.Meta):
        ordering = ["-issued_on", "-id"]
        indexes = [
            models.Index(fields=["issued_on", "id"], name="crm_invoice_issued"),
            models.Index(fields=["client", "issued_on"], name="crm_invoice_client"),
            models.Index(fields=["status", "issued_on", "id"], name="crm_invoice_status"),
            models.Index(fields=["due_on"], name="crm_invoice_due", condition=Q(status="open")),
        ]
        constraints = [
            *Imported.Meta.constraints,
            models.CheckConstraint(
                condition=Q(status__in=["draft", "open", "paid", "void"]), name="crm_invoice_status_known"
            ),
            models.CheckConstraint(condition=Q(due_on__gte=F("issued_on")), name="crm_invoice_due_after_issue"),
            models.CheckConstraint(
                condition=Q(subtotal__gte=0, tax__gte=0, charges__gte=0), name="crm_invoice_no_negative_amounts"
            ),
            # Within half of the last digit: exact on PostgreSQL, and what SQLite's doubles can promise.
            models.CheckConstraint(
                condition=Q(total__gt=F("subtotal") + F("tax") + F("charges") - Decimal("0.00005"))
                & Q(total__lt=F("subtotal") + F("tax") + F("charges") + Decimal("0.00005")),
                name="crm_invoice_total_adds_up",
            ),
            models.CheckConstraint(condition=Q(Exact(Length("currency"), 3)), name="crm_invoice_currency"),
        ]

    def __str__(self) -> str:
        return self.number

    def clean(self) -> None:
        errors = {}
        if self.issued_on and self.due_on and self.due_on < self.issued_on:
            errors["due_on"] = "The due date is before the date of issue."
        amounts = (self.subtotal, self.tax, self.charges)
        if None not in (*amounts, self.total) and sum(amounts) != self.total:
            errors["total"] = f"Subtotal + tax + charges are {sum(amounts)}, not {self.total}."
        for name in ("subtotal", "tax", "charges"):
            if (getattr(self, name) or ZERO) < 0:
                errors[name] = "An amount cannot be negative."
        if errors:
            raise ValidationError(errors)

    def is_overdue(self, today: date) -> bool:
        return self.status == self.Status.OPEN and self.due_on < today

    def overdue_for(self, today: date) -> timedelta:
        """How long it has been overdue; zero when it is not."""
        return today - self.due_on if self.is_overdue(today) else timedelta(0)


class InvoiceLine(models.Model):
    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="lines", db_index=False)
    position = models.PositiveIntegerField()
    service = models.ForeignKey(Service, models.PROTECT, related_name="lines", null=True, blank=True)
    description = models.CharField(max_length=300, blank=True)
    quantity = AmountField()
    unit_price = AmountField()
    total = AmountField(help_text="Quantity × unit price, less what was granted; before tax.")

    class Meta:
        ordering = ["invoice_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="crm_invoiceline_position"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, unit_price__gte=0, total__gte=0), name="crm_invoiceline_amounts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.description}"

    def clean(self) -> None:
        if self.quantity is not None and self.quantity <= 0:
            raise ValidationError({"quantity": "The quantity must be more than zero."})
        for name in ("unit_price", "total"):
            if (getattr(self, name) or ZERO) < 0:
                raise ValidationError({name: "An amount cannot be negative."})


class Payment(Imported):
    class Method(models.TextChoices):
        TRANSFER = "transfer"
        CARD = "card"
        DIRECT_DEBIT = "direct_debit"
        OTHER = "other"

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="payments")
    paid_on = models.DateField()
    amount = AmountField(help_text="In the invoice's currency.")
    method = models.CharField(max_length=20, choices=Method, default=Method.TRANSFER)
    reference = models.CharField(max_length=100, blank=True)

    class Meta(Imported.Meta):
        ordering = ["paid_on", "id"]
        indexes = [models.Index(fields=["paid_on", "id"], name="crm_payment_paid_on")]
        constraints = [
            *Imported.Meta.constraints,
            models.CheckConstraint(condition=Q(amount__gt=0), name="crm_payment_amount"),
            models.CheckConstraint(
                condition=Q(method__in=["transfer", "card", "direct_debit", "other"]), name="crm_payment_method"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.paid_on} {self.amount}"

    def clean(self) -> None:
        if self.amount is not None and self.amount <= 0:
            raise ValidationError({"amount": "A payment must be more than zero."})
