import type { ExceptionOptions } from './exception.ts'

/**
 * How the site words an exception where the posting engine's finding says less. `text` is what the site shows, `{}` for each part that varies, `{name}` for the document's name, `{idx}` for the child row's number; without its
 * markup (and with `says`, where the finding says something else) it is what findings are matched against. `title` and `indicator` of the dialog where they are not `Message` and red.
 */
interface Wording { text: string; says?: string; title?: string; indicator?: string; type?: string; doctype?: string }

const B = '<strong>{}</strong>'

const WORDINGS: Wording[] = [
  { text: `{} {name}: '${B}' ({}) will get truncated, as max characters allowed is {}`, says: `{} : '{}' ({}) will get truncated, as max characters allowed is {}`, title: 'Value too big' },
  { text: `{}: '${B}' ({}) will get truncated, as max characters allowed is {}`, title: 'Value too big' },
  { text: `Value cannot be changed for ${B}` },
  { text: `${B} must be after ${B}`, type: 'InvalidDates' },
  { text: `Invalid naming series ${B}: dot (.) missing` },
  { text: `Special Characters except '-', '#', '.', '/', '{{' and '}}' not allowed in naming series ${B}` },
  { text: `${B} is not a valid date string.`, title: 'Invalid Date' },
  { text: `'${B}' is not a valid URL` },
  { text: `Only one ${B} can be set as primary.` },
  { text: 'Account {name}: Parent account {}', says: 'Parent account {}', doctype: 'Account' },
  { text: 'The root account <strong>{name}</strong> must be a group', says: 'The root account must be a group' },
  { text: 'While creating account for Child Company {}, parent account {} not found. Please create the parent account in corresponding COA', title: 'Account Not Found' },
  { text: `${B} is not a group node. Please select a group node as parent cost center` },
  { text: `Internal Customer for company ${B} already exists` },
  { text: `Internal Supplier for company ${B} already exists` },
  { text: `${B} is not a company bank account` },
  { text: `Both Receivable Account: ${B} and Advance Account: ${B} must be of same currency for company: ${B}` },
  { text: `Both Payable Account: ${B} and Advance Account: ${B} must be of same currency for company: ${B}` },
  { text: `${B} ${B} has accounting entries in currency ${B} for company ${B}. Please select a receivable or payable account with currency ${B}.` },
  { text: `{} Account: ${B} (${B}) must be in either customer billing currency: ${B} or Company default currency: ${B}` },
  { text: `Advance Account: ${B} must be in either customer billing currency: ${B} or Company default currency: ${B}` },
  { text: `Row #{}: {} ${B} doesn't belong to Company ${B}. Please select valid ${B}.`, title: 'Invalid Item Defaults' },
  { text: `Taxes row #{}: ${B} cannot be smaller than ${B}` },
  { text: `Row #{}: The warehouse ${B} is not a child warehouse of a group warehouse ${B}`, title: 'Incorrect Check in (group) Warehouse for Reorder' },
  { text: `${B} entered twice {} in Item Taxes` },
  { text: `Value for Attribute {} must be within the range of {} to {} in the increments of {} for Item {}`, title: 'Invalid Attribute' },
  { text: `${B} is not a valid Value for Attribute ${B} of Item ${B}.`, title: 'Invalid Value' },
  { text: `POS Profile ${B} contains Mode of Payment ${B}. Please remove them to disable this mode.`, title: 'Not Allowed' },
  { text: `${B}'s {} cannot be after ${B}'s Expected End Date.` },
  { text: `Cannot complete task ${B} as its dependant task ${B} are not completed / cancelled.` },
  { text: `Row #{}: Quantity for Item ${B} cannot be zero.`, title: 'Invalid Quantity' },
  { text: 'Expected Delivery Date should be after Sales Order Date', title: 'Invalid Delivery Date', indicator: 'orange' },
  { text: `Row {}: Quantity ({}) cannot be a fraction. To allow this, disable '<strong>Must be Whole Number</strong>' in UOM ${B}.` },
  { text: `Row {}: {} Account ${B} does not belong to Company ${B}`, title: 'Invalid Account' },
  { text: `Row {}: Account ${B} is a Group Account`, title: 'Invalid Account' },
  { text: `Row {}: Cost Center ${B} does not belong to Company ${B}`, title: 'Invalid Cost Center' },
  { text: `{}: ${B} does not belong to the Company: {}` },
  { text: 'Sales Person <b>{}</b> is disabled.' },
  { text: `Item ${B} entered multiple times.` },
  { text: 'Address needs to be linked to a Company. Please add a row for Company in the Links table.', title: 'Company Not Linked' },
  { text: 'Account {} does not match with Company {} in Mode of Account: {name}', says: 'Account {} does not match with Company {}', doctype: 'Mode of Payment' },
  { text: 'Row #{idx}: Reqd by Date cannot be before Transaction Date', says: 'Reqd by Date cannot be before Transaction Date' },
  { text: 'Row #{idx}: Please set reorder quantity', says: 'Please set reorder quantity' },
  { text: "Row 1: Quantity ({}) cannot be a fraction. To allow this, disable '<strong>Must be Whole Number</strong>' in UOM <strong>{}</strong>.", says: "Quantity ({}) cannot be a fraction. To allow this, disable 'Must be Whole Number' in UOM {}" },
  { text: "Status must be one of 'Active', 'Inactive', 'Suspended' or 'Left'", says: 'Status must be one of Active, Inactive, Suspended, Left' },
  { text: 'Incorrect value:{} must be >= 0.0', says: '{} must be >= 0' },
  { text: 'There can only be 1 Account per Company in {} {name}', says: 'There can only be 1 Account per Company in {}' },
  { text: "'NoneType' object has no attribute 'strip'", says: 'cost_center_name is missing{}', type: 'AttributeError' },
  { text: 'Supplier: {} does not exists', says: 'Supplier {} not found', doctype: 'Purchase Order', type: 'ValidationError' },
  { text: "unsupported operand type(s) for -: 'NoneType' and 'str'", says: 'unsupported operand type(s) for -', type: 'TypeError' },
  { text: "can't multiply sequence by non-int of type 'float'", says: 'The discount is text{}', type: 'TypeError' },
  { text: "'NoneType' object has no attribute 'endswith'", says: 'warehouse_name is missing{}', type: 'AttributeError' },
  { text: "unsupported operand type(s) for *: 'NoneType' and 'float'", says: 'The order has no items{}', type: 'TypeError' },
  { text: "unsupported operand type(s) for -: 'NoneType' and 'float'", says: 'The invoice has no items{}', type: 'TypeError' },
]

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** A pattern for findings: what varies is caught, markup is not there. */
function pattern(wording: Wording): RegExp {
  const plain = (wording.says ?? wording.text).replace(/<\/?(strong|b)>/g, '')
  return new RegExp(`^${plain.split(/(\{\}|\{name\})/).map((part) => (part === '{}' ? '(.*?)' : part === '{name}' ? '.*?' : escaped(part))).join('')}$`, 's')
}

const PATTERNS = WORDINGS.map((wording) => ({ wording, pattern: pattern(wording) }))

/** A finding in the site's own words. */
export function worded(doctype: string, error: { type: string; message: string }, name: string, idx: number | null = null): { message: string } & Pick<ExceptionOptions, 'title' | 'indicator'> {
  for (const { wording, pattern: form } of PATTERNS) {
    if ((wording.type !== undefined && wording.type !== error.type) || (wording.doctype !== undefined && wording.doctype !== doctype)) continue
    const groups = form.exec(error.message)
    if (groups === null) continue
    let next = 1
    const message = wording.text.replace(/\{\}|\{name\}|\{idx\}/g, (mark) => (mark === '{name}' ? name : mark === '{idx}' ? String(idx ?? 1) : groups[next++] ?? ''))
    return { message, ...(wording.title === undefined ? {} : { title: wording.title }), ...(wording.indicator === undefined ? {} : { indicator: wording.indicator }) }
  }
  return { message: error.message }
}
