"""The business data in the admin: lists with a bounded number of queries, invoices with their lines and payments."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest

from apps.core import clock, money
from apps.crm import settlement
from apps.crm.models import Client, Invoice, InvoiceLine, Payment, Service
from apps.crm.widgets import KnownSelect


class OverdueFilter(admin.SimpleListFilter):
    title = "overdue"
    parameter_name = "overdue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Overdue"), ("no", "Not overdue")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        overdue = Invoice.objects.overdue(clock.now().date()).values("pk")
        if self.value() == "yes":
            return queryset.filter(pk__in=overdue)
        if self.value() == "no":
            return queryset.exclude(pk__in=overdue)
        return queryset


class InvoiceLineForm(ModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "service" in self.fields:  # not for those who may only look
            self.fields["service"].widget.widget.known = self.instance.service


class InvoiceLineInline(admin.TabularInline):
    model = InvoiceLine
    form = InvoiceLineForm
    extra = 0
    autocomplete_fields = ["service"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[InvoiceLine]:
        return super().get_queryset(request).select_related("service")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "service":
            kwargs["widget"] = KnownSelect(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class PaymentInline(admin.TabularInline):
    model = Payment
    extra = 0
    fields = ["paid_on", "amount", "method", "reference"]


@admin.register(Client)
class ClientAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "kind", "status", "country", "city", "since", "payment_terms_days"]
    list_filter = ["kind", "status", "country"]
    search_fields = ["code", "name", "city", "email", "external_id"]
    date_hierarchy = "since"


@admin.register(Service)
class ServiceAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "category", "unit", "shown_price", "is_active"]
    list_filter = ["category", "is_active", "currency"]
    search_fields = ["code", "name", "category", "external_id"]

    @admin.display(description="unit price", ordering="unit_price")
    def shown_price(self, service: Service) -> str:
        return money.formatted(service.unit_price, service.currency)


@admin.register(Invoice)
class InvoiceAdmin(admin.ModelAdmin):
    list_display = ["number", "client", "status", "is_overdue", "issued_on", "due_on", "shown_total"]
    list_filter = ["status", OverdueFilter, "currency", "client__kind", "client__status"]
    list_select_related = ["client"]
    search_fields = ["number", "client__code", "client__name", "external_id"]
    search_help_text = "Number, client or external id"
    autocomplete_fields = ["client"]
    date_hierarchy = "issued_on"
    show_full_result_count = False
    inlines = [InvoiceLineInline, PaymentInline]

    @admin.display(description="total", ordering="total")
    def shown_total(self, invoice: Invoice) -> str:
        return money.formatted(invoice.total, invoice.currency)

    @admin.display(description="overdue", boolean=True)
    def is_overdue(self, invoice: Invoice) -> bool:
        return invoice.is_overdue(clock.now().date())

    def save_related(
        self, request: HttpRequest, form: ModelForm, formsets: list[BaseModelFormSet], change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        removed = any(formset.deleted_objects for formset in formsets if formset.model is Payment)
        settlement.settle(form.instance.pk, payment_removed=removed)


@admin.register(Payment)
class PaymentAdmin(admin.ModelAdmin):
    list_display = ["paid_on", "invoice", "client", "shown_amount", "method", "reference"]
    list_filter = ["method", "invoice__currency"]
    list_select_related = ["invoice__client"]
    search_fields = ["invoice__number", "invoice__client__name", "reference", "external_id"]
    autocomplete_fields = ["invoice"]
    date_hierarchy = "paid_on"
    show_full_result_count = False

    @admin.display(ordering="invoice__client__name")
    def client(self, payment: Payment) -> str:
        return payment.invoice.client.name

    @admin.display(description="amount", ordering="amount")
    def shown_amount(self, payment: Payment) -> str:
        return money.formatted(payment.amount, payment.invoice.currency)

    def save_model(self, request: HttpRequest, obj: Payment, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        settlement.settle(obj.invoice_id)
        before = form.initial.get("invoice")
        if before and before != obj.invoice_id:
            settlement.settle(before, payment_removed=True)

    def delete_model(self, request: HttpRequest, obj: Payment) -> None:
        super().delete_model(request, obj)
        settlement.settle(obj.invoice_id, payment_removed=True)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Payment]) -> None:
        invoice_ids = set(queryset.values_list("invoice_id", flat=True))
        super().delete_queryset(request, queryset)
        for invoice_id in sorted(invoice_ids):
            settlement.settle(invoice_id, payment_removed=True)
