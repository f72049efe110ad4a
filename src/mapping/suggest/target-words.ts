/**
 * What leads to a DocType and to its fields, in concepts of words/word-table.ts, as data. `entity`: concepts of a table's name, the best first. `fields`: field
 * (or `table.field` of a child row), then what a column's name may mean, `/` between; `=word` is the name itself; `#` the entity's own key.
 */
export interface TargetWords { doctype: string; entity: string[]; fields: string }

export const TARGETS: readonly TargetWords[] = [
  { doctype: 'Customer', entity: ['customer', 'customer account'], fields: 'customer_name company/name; tax_id tax; website website; default_currency currency; language language; customer_group group; territory territory/region territory; customer_details note; credit_limits.credit_limit credit limit' },
  { doctype: 'Supplier', entity: ['supplier', 'shipper'], fields: 'supplier_name company/name; tax_id tax; website website; country country; supplier_group group; supplier_details note' },
  { doctype: 'Item', entity: ['item'], fields: 'item_code #/item; item_name name; description description; item_group group; stock_uom unit; weight_per_unit weight; is_stock_item warehouse item/stock item; supplier_items.supplier supplier; barcodes.barcode barcode' },
  { doctype: 'Item Group', entity: ['item group', 'group'], fields: 'item_group_name name/group name/#; parent_item_group parent; is_group =is_group' },
  { doctype: 'Customer Group', entity: ['customer group'], fields: 'customer_group_name name/#; parent_customer_group parent; is_group =is_group' },
  { doctype: 'Supplier Group', entity: ['supplier group'], fields: 'supplier_group_name name/#; parent_supplier_group parent; is_group =is_group' },
  { doctype: 'Territory', entity: ['territory', 'region'], fields: 'territory_name name/territory description/region description/description; parent_territory parent/region; is_group =is_group' },
  { doctype: 'Employee', entity: ['employee'], fields: 'employee_number #; first_name first; last_name last; middle_name =middle_name; gender gender; date_of_birth birth; date_of_joining since/start; department department; designation designation/=title; reports_to parent/manager; cell_number phone; personal_email email; current_address address/street; salutation salutation; bio note' },
  { doctype: 'Contact', entity: ['contact', 'person'], fields: 'first_name first/=contact_name/=contact; last_name last; designation designation/=contact_title; email_ids.email_id email; phone_nos.phone phone; salutation salutation; links.link_name customer/supplier' },
  { doctype: 'Address', entity: ['address', 'delivery address'], fields: 'address_title company/name/=label; address_line1 street/address; city city; state region; pincode zip; country country; phone phone; fax fax; email_id email; is_shipping_address default delivery; links.link_name customer/supplier; is_primary_address default' },
  { doctype: 'Lead', entity: ['lead'], fields: 'lead_name name; first_name first; last_name last; company_name company; email_id email; phone phone; website website; territory territory; status status/=state' },
  { doctype: 'Warehouse', entity: ['warehouse'], fields: 'warehouse_name name/#; parent_warehouse parent; is_group =is_group' },
  { doctype: 'Department', entity: ['department'], fields: 'department_name name/#; parent_department parent; is_group =is_group' },
  { doctype: 'Account', entity: ['account'], fields: 'account_name name; account_number #/account; parent_account parent; account_currency currency; is_group =is_group' },
  { doctype: 'Item Price', entity: ['price', 'item price', 'price list'], fields: 'item_code item; price_list price list/list; price_list_rate price; valid_from start/date; valid_upto end; currency currency; uom unit' },
  { doctype: 'Sales Order', entity: ['sales order', 'order', 'customer order'], fields: 'customer customer; transaction_date order date/date/order since/created/since; delivery_date due; po_no #; currency currency; conversion_rate exchange; discount_amount discount; taxes.tax_amount freight; taxes.rate tax percent/tax; items.item_code item; items.qty quantity; items.price_list_rate price; items.discount_percentage discount percent/discount; items.delivery_date due; items.uom unit' },
  { doctype: 'Purchase Order', entity: ['purchase order', 'supplier order', 'purchase'], fields: 'supplier supplier; transaction_date order date/date/created; schedule_date due; currency currency; conversion_rate exchange; items.item_code item; items.qty quantity; items.rate price; items.uom unit; items.schedule_date due' },
  { doctype: 'Sales Invoice', entity: ['invoice', 'sales invoice', 'customer invoice'], fields: 'customer customer; posting_date invoice date/date/created; due_date due; currency currency; conversion_rate exchange; po_no order; taxes.rate tax percent/tax; items.item_code item; items.qty quantity; items.rate price; items.discount_percentage discount' },
  { doctype: 'Purchase Invoice', entity: ['purchase invoice', 'supplier invoice'], fields: 'supplier supplier; bill_no #; posting_date invoice date/date; due_date due; currency currency; conversion_rate exchange; items.item_code item; items.qty quantity; items.rate price' },
  { doctype: 'Delivery Note', entity: ['delivery'], fields: 'customer customer; posting_date delivery date/date; items.item_code item; items.qty quantity; items.rate price' },
  { doctype: 'Payment Entry', entity: ['payment'], fields: 'party customer; posting_date payment date/date; paid_amount amount/payment amount; reference_no =reference' },
  { doctype: 'Project', entity: ['project'], fields: 'project_name name; customer customer; expected_start_date start; expected_end_date end/due; status status/=state' },
  { doctype: 'Task', entity: ['task'], fields: 'subject subject/name; project project; priority priority; status status/=state; expected_time effort; exp_start_date start; exp_end_date due/end; description description; parent_task parent' },
  { doctype: 'Issue', entity: ['ticket'], fields: 'subject subject/name; customer customer; description description; raised_by reporter/email; priority priority; status status/=state; opening_date created/since/date' },
  { doctype: 'ToDo', entity: ['activity'], fields: 'description description/note; date since/date/created; priority priority; status status/=state; reference_name customer' },
  { doctype: 'Note', entity: ['note'], fields: 'title subject/name; content description/note' },
]

/** Documents that the records of another entity hold besides their own, where columns of all of one group are there. */
export const WITHIN: readonly { of: string[]; doctype: string; needs: string[][] }[] = [
  { of: ['Customer', 'Supplier', 'Lead'], doctype: 'Address', needs: [['city'], ['street', 'address', 'country', 'zip']] },
  { of: ['Customer', 'Supplier'], doctype: 'Contact', needs: [['first', 'last', 'contact']] },
  { of: ['Item'], doctype: 'Item Price', needs: [['price']] },
]
