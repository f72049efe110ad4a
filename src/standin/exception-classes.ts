/** Module of exception classes that are not `frappe.exceptions`, by class name. Where several modules have a class of one name, the one documents of a migration meet. */
const MODULES: Record<string, string> = {
  'erpnext.accounts.doctype.account.account': 'RootNotEditable BalanceMismatchError InvalidAccountMergeError',
  'erpnext.accounts.doctype.accounting_period.accounting_period': 'ClosedAccountingPeriod',
  'erpnext.accounts.doctype.budget.budget': 'BudgetError DuplicateBudgetError',
  'erpnext.accounts.doctype.cost_center_allocation.cost_center_allocation': 'MainCostCenterCantBeChild InvalidMainCostCenter InvalidChildCostCenter WrongPercentageAllocation InvalidDateError',
  'erpnext.accounts.doctype.journal_entry.journal_entry': 'StockAccountInvalidTransaction',
  'erpnext.accounts.doctype.payment_entry.payment_entry': 'InvalidPaymentEntry',
  'erpnext.accounts.doctype.pos_invoice.pos_invoice': 'PartialPaymentValidationError',
  'erpnext.accounts.doctype.pricing_rule.utils': 'MultiplePricingRuleConflict',
  'erpnext.accounts.doctype.purchase_invoice.purchase_invoice': 'WarehouseMissingError',
  'erpnext.accounts.doctype.shipping_rule.shipping_rule': 'OverlappingConditionError FromGreaterThanToError ManyBlankToValuesError',
  'erpnext.accounts.doctype.tax_rule.tax_rule': 'IncorrectCustomerGroup IncorrectSupplierType ConflictingTaxRule',
  'erpnext.accounts.party': 'DuplicatePartyAccountError',
  'erpnext.accounts.utils': 'FiscalYearError PaymentEntryUnlinkError',
  'erpnext.controllers.accounts_controller': 'AccountMissingError InvalidQtyError',
  'erpnext.controllers.buying_controller': 'QtyMismatchError',
  'erpnext.controllers.item_variant': 'ItemVariantExistsError InvalidItemAttributeValueError ItemTemplateCannotHaveStock',
  'erpnext.controllers.sales_and_purchase_return': 'StockOverReturnError',
  'erpnext.controllers.status_updater': 'OverAllowanceError',
  'erpnext.controllers.stock_controller': 'QualityInspectionRequiredError QualityInspectionRejectedError QualityInspectionNotSubmittedError BatchExpiredError',
  'erpnext.manufacturing.doctype.bom.bom': 'BOMRecursionError',
  'erpnext.projects.doctype.activity_cost.activity_cost': 'DuplicationError',
  'erpnext.projects.doctype.task.task': 'CircularReferenceError',
  'erpnext.projects.doctype.timesheet.timesheet': 'OverlapError OverWorkLoggedError',
  'erpnext.selling.doctype.sales_order.sales_order': 'WarehouseRequired',
  'erpnext.setup.doctype.employee.employee': 'EmployeeUserDisabledError InactiveEmployeeStatusError',
  'erpnext.stock.doctype.batch.batch': 'UnableToSelectBatchError',
  'erpnext.stock.doctype.item.item': 'DuplicateReorderRows StockExistsForTemplate InvalidBarcode DataValidationError',
  'erpnext.stock.doctype.item_attribute.item_attribute': 'ItemAttributeIncrementError',
  'erpnext.stock.doctype.item_price.item_price': 'ItemPriceDuplicateItem',
  'erpnext.stock.doctype.serial_and_batch_bundle.serial_and_batch_bundle': 'SerialNoExistsInFutureTransactionError BatchNegativeStockError SerialNoDuplicateError SerialNoWarehouseError',
  'erpnext.stock.doctype.serial_no.serial_no': 'SerialNoCannotCreateDirectError SerialNoCannotCannotChangeError',
  'erpnext.stock.doctype.stock_entry.stock_entry': 'FinishedGoodError IncorrectValuationRateError DuplicateEntryForWorkOrderError OperationsNotCompleteError MaxSampleAlreadyRetainedError',
  'erpnext.stock.doctype.stock_ledger_entry.stock_ledger_entry': 'StockFreezeError BackDatedStockTransaction InventoryDimensionNegativeStockError',
  'erpnext.stock.doctype.stock_reconciliation.stock_reconciliation': 'OpeningEntryAccountError EmptyStockReconciliationItemsError',
  'erpnext.stock.stock_ledger': 'NegativeStockError SerialNoExistsInFutureTransaction',
  'erpnext.exceptions': 'PartyFrozen InvalidAccountCurrency InvalidCurrency PartyDisabled InvalidAccountDimensionError MandatoryAccountDimensionError',
  'erpnext.stock.utils': 'InvalidWarehouseCompany PendingRepostingError',
  'erpnext.utilities.transaction_base': 'UOMMustBeIntegerError',
  'frappe.database.database.Database': 'InvalidColumnName',
  'frappe.core.doctype.doctype.doctype': 'InvalidFieldNameError UniqueFieldnameError IllegalMandatoryError DoctypeLinkError WrongOptionsDoctypeLinkError HiddenAndMandatoryWithoutDefaultError NonUniqueError CannotIndexedError CannotCreateStandardDoctypeError',
  'frappe.core.doctype.document_naming_settings.document_naming_settings': 'NamingSeriesNotSetError',
  'frappe.core.doctype.file.exceptions': 'MaxFileSizeReachedError FolderNotEmpty FileTypeNotAllowed',
  'frappe.desk.form.assign_to': 'DuplicateToDoError',
  'frappe.email.doctype.newsletter.exceptions': 'NewsletterAlreadySentError NoRecipientFoundError NewsletterNotSavedError',
  'frappe.model.naming': 'InvalidNamingSeriesError',
  'frappe.model.workflow': 'WorkflowStateError WorkflowTransitionError WorkflowPermissionError',
  'frappe.utils.nestedset': 'NestedSetRecursionError NestedSetMultipleRootsError NestedSetChildExistsError NestedSetInvalidMergeError',
}

/** Class name to module, for all classes of `MODULES`. */
export const EXCEPTION_CLASSES: Readonly<Record<string, string>> = Object.fromEntries(Object.entries(MODULES).flatMap(([module, names]) => names.split(' ').map((name) => [name, module])))

/** Python's own, which a traceback names without a module. They answer 500. */
export const PYTHON_EXCEPTIONS: ReadonlySet<string> = new Set([
  'TypeError', 'ValueError', 'AttributeError', 'KeyError', 'IndexError', 'ZeroDivisionError', 'OverflowError', 'RecursionError', 'UnboundLocalError', 'AssertionError', 'Exception', 'Unsupported',
])

/** HTTP status by class where it is not that of ValidationError (417). */
export const STATUSES: Readonly<Record<string, number>> = {
  AuthenticationError: 401, SessionExpired: 401, PermissionError: 403, DoesNotExistError: 404, PageDoesNotExistError: 404, NameError: 409, DuplicateEntryError: 409,
  CSRFTokenError: 400, InvalidAuthorizationHeader: 400, InvalidAuthorizationPrefix: 400, InvalidAuthorizationToken: 400, UnsupportedMediaType: 415, TooManyRequestsError: 429, RateLimitExceededError: 429,
  SessionStopped: 503, InReadOnlyMode: 503, QueueOverloaded: 503, OutgoingEmailError: 501, LinkExpired: 410,
  QueryTimeoutError: 500, QueryDeadlockError: 500, TooManyWritesError: 500, SecurityException: 500, ImportError: 500,
}
