import type { PostingRule } from '../framework/rule.ts'
import { rule as customer } from './customer.ts'
import { rule as supplier } from './supplier.ts'
import { customerGroup, supplierGroup, territory } from './party-groups.ts'
import { rule as address } from './address.ts'
import { rule as contact } from './contact.ts'
import { rule as communication } from './communication.ts'
import { rule as comment } from './comment.ts'
import { rule as note } from './note.ts'
import { rule as todo } from './todo.ts'
import { rule as account } from './account.ts'
import { rule as costCenter } from './cost-center.ts'
import { rule as employee } from './employee.ts'
import { rule as issue } from './issue.ts'
import { rule as item } from './item.ts'
import { rule as itemGroup } from './item-group.ts'
import { rule as itemPrice } from './item-price.ts'
import { rule as journalEntry } from './journal-entry.ts'
import { rule as lead } from './lead.ts'
import { rule as modeOfPayment } from './mode-of-payment.ts'
import { rule as priceList } from './price-list.ts'
import { rule as project } from './project.ts'
import { rule as purchaseOrder } from './purchase-order.ts'
import { rule as salesOrder } from './sales-order.ts'
import { rule as stockEntry } from './stock-entry.ts'
import { rule as stockReconciliation } from './stock-reconciliation.ts'
import { rule as task } from './task.ts'
import { rule as warehouse } from './warehouse.ts'

/** The rules of all DocTypes that have one. */
export const RULES: readonly PostingRule[] = [
  customer, supplier, customerGroup, supplierGroup, territory, address, contact, communication, comment, note, todo,
  account, costCenter, employee, issue, item, itemGroup, itemPrice, lead, modeOfPayment, priceList, project, task, warehouse, salesOrder, purchaseOrder, stockEntry, stockReconciliation, journalEntry,
]
