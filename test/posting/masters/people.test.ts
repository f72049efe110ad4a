import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Posting, type Doc } from './batch.ts'

let posting: Posting
beforeAll(async () => { posting = await Posting.open() })
afterAll(() => posting.close())

const COMPANY = 'Northwind Traders'

async function expectTypes(doctype: string, cases: [Doc, string | null][]): Promise<void> {
  expect(await posting.post(doctype, cases.map(([doc]) => doc))).toEqual(cases.map(([, type]) => type))
}

describe('employees, many at once', () => {
  const person = (name: string, more: Doc = {}): Doc => ({ first_name: name, gender: 'Female', date_of_birth: '1980-01-01', date_of_joining: '2012-05-01',
    company: COMPANY, ...more })

  it('are checked and named', async () => {
    await expectTypes('Employee', [
      [person('Nancy', { last_name: 'Davolio', prefered_contact_email: 'Company Email', company_email: 'n@example.com' }), null],
      [person('Late', { date_of_joining: '1970-01-01' }), 'InvalidDates'], [person('Unborn', { date_of_birth: '2030-01-01' }), 'ValidationError'],
        [person('Left', { status: 'Left' }), 'ValidationError'],
      [person('Gone', { status: 'Gone' }), 'ValidationError'], [person('Mail', { personal_email: 'nope', status: 'Left' }), 'InvalidEmailAddressError'],
        [person('Genderless', { gender: null }), 'MandatoryError'],
      [person('User', { user_id: 'Administrator' }), 'unsupported'], [person('Andrew'), null],
    ])
    expect(await posting.rows('tabEmployee', 'name, employee, employee_name, prefered_email, lft, rgt')).toEqual([
      { name: 'HR-EMP-00001', employee: 'HR-EMP-00001', employee_name: 'Nancy Davolio', prefered_email: 'n@example.com', lft: 1, rgt: 2 },
      { name: 'HR-EMP-00002', employee: 'HR-EMP-00002', employee_name: 'Andrew', prefered_email: null, lft: 3, rgt: 4 },
    ])
    expect(await posting.post('Employee', [person('Below', { reports_to: 'HR-EMP-00001' })])).toEqual([null])
    expect(await posting.rows('tabEmployee', 'name, lft, rgt')).toEqual([{ name: 'HR-EMP-00001', lft: 1, rgt: 4 }, { name: 'HR-EMP-00002', lft: 5, rgt: 6 },
      { name: 'HR-EMP-00003', lft: 2, rgt: 3 }])
  })
})

describe('projects and tasks', () => {
  it('move each other', async () => {
    await expectTypes('Project', [
      [{ project_name: 'One', company: COMPANY, status: 'Odd', total_consumed_material_cost: 7 }, null], [{ project_name: 'Two', company: COMPANY,
        status: 'Completed', expected_end_date: '2025-01-31' }, null],
      [{ project_name: 'Three', company: COMPANY, expected_start_date: '2025-02-01', expected_end_date: '2025-01-01' }, 'InvalidDates'],
      [{ project_name: 'Four', company: COMPANY, users: [{ user: 'Administrator' }] }, 'OutgoingEmailError'],
    ])
    expect(await posting.rows('tabProject', 'name, status, percent_complete_method AS method, CAST(percent_complete AS DOUBLE) AS percent, CAST(gross_margin AS DOUBLE) AS margin')).toEqual([
      { name: 'PROJ-0002', status: 'Open', method: 'Task Completion', percent: 0, margin: -7 }, { name: 'PROJ-0003', status: 'Completed', method: 'Manual',
        percent: 100, margin: 0 },
    ])
    const task = (subject: string, more: Doc = {}): Doc => ({ subject, ...more })
    await expectTypes('Task', [
      [task('A', { project: 'PROJ-0002' }), null], [task('B', { project: 'PROJ-0002', status: 'Completed', completed_on: '2025-01-01' }), null], [task('C',
        { project: 'PROJ-0002', status: 'Cancelled' }), null],
      [task('D', { progress: 120 }), 'ValidationError'], [task('E', { project: 'PROJ-0003', exp_start_date: '2025-02-01' }), 'InvalidDates'], [task('F',
        { project: 'nope' }), 'DoesNotExistError'],
      [task('G', { status: 'Completed', completed_on: '2030-01-01' }), 'ValidationError'], [task('H', { exp_start_date: '2025-02-01',
        exp_end_date: '2025-01-01' }), 'InvalidDates'],
      [task('I', { status: 'Completed', completed_on: '2025-01-01', depends_on: [{ task: 'TASK-2026-00001' }] }), 'ValidationError'],
    ])
    expect(await posting.rows('tabProject', 'CAST(percent_complete AS DOUBLE) AS percent, status', `name = 'PROJ-0002'`)).toEqual([{ percent: 66.67,
      status: 'Open' }])
    await expectTypes('Task', [[task('K1', { parent_task: 'TASK-2026-00001' }), null], [task('K2', { parent_task: 'TASK-2026-00001' }), null], [task('T',
      { is_template: 1, parent_task: 'TASK-2026-00001' }), 'ValidationError'],
      [task('L', { depends_on: [{ task: 'TASK-2026-00001' }, { task: 'TASK-2026-00002' }, { task: 'TASK-2026-00001' }] }), null]])
    expect(await posting.rows('tabTask', 'name, depends_on_tasks AS listed, lft, rgt',
      `name IN ('TASK-2026-00001', 'TASK-2026-00004', 'TASK-2026-00006')`)).toEqual([
      { name: 'TASK-2026-00001', listed: 'TASK-2026-00004,TASK-2026-00005,', lft: 1, rgt: 6 }, { name: 'TASK-2026-00004', listed: '', lft: 2, rgt: 3 },
      { name: 'TASK-2026-00006', listed: 'TASK-2026-00001,TASK-2026-00002,', lft: 11, rgt: 12 },
    ])
    expect(await posting.rows('tabTask Depends On', 'task, idx, subject', `parent = 'TASK-2026-00001'`)).toHaveLength(2)
  })
})

describe('leads and issues', () => {
  it('know their people', async () => {
    await expectTypes('Lead', [
      [{ first_name: 'Ann', last_name: 'Lee', company_name: 'Acme', email_id: 'ann@example.com', phone: '555 1234' }, null], [{ email_id: 'joe@example.com' },
        null], [{ lead_name: 'Joe Q Public' }, null],
      [{}, 'ValidationError'], [{ first_name: 'Twin', email_id: 'ANN@example.com' }, 'DuplicateEntryError'], [{ first_name: 'Bad', email_id: 'bad' },
        'InvalidEmailAddressError'], [{ first_name: 'Bad', phone: 'abc' }, 'InvalidPhoneNumberError'],
      [{ lead_name: ' ' }, 'IndexError'],
    ].map(([doc, type]) => [{ status: 'Lead', ...(doc as Doc) }, type as string | null]))
    expect(await posting.rows('tabLead', 'name, lead_name, first_name, middle_name, last_name, title, phone, mobile_no')).toEqual([
      { name: 'CRM-LEAD-2026-00001', lead_name: 'Ann Lee', first_name: 'Ann', middle_name: null, last_name: 'Lee', title: 'Acme', phone: '555 1234',
        mobile_no: '555 1234' },
      { name: 'CRM-LEAD-2026-00002', lead_name: 'joe', first_name: 'joe', middle_name: null, last_name: null, title: 'joe', phone: null, mobile_no: null },
      { name: 'CRM-LEAD-2026-00003', lead_name: 'Joe Q Public', first_name: 'Joe', middle_name: 'Q', last_name: 'Public', title: 'Joe Q Public', phone: null,
        mobile_no: null },
    ])
    expect(await posting.rows('tabContact', 'name, email_id, phone')).toEqual([
      { name: 'Ann Lee', email_id: 'ann@example.com', phone: '555 1234' }, { name: 'Joe Q Public', email_id: '', phone: '' }, { name: 'joe',
        email_id: 'joe@example.com', phone: '' },
    ])
    expect((await posting.rows('tabDynamic Link', 'parent AS name, link_name, link_title')).map((row) => row['link_title']).sort()).toEqual(['Acme',
      'Joe Q Public', 'joe'])
    await expectTypes('Issue', [[{ subject: 'By a lead', raised_by: 'Ann <ann@example.com>' }, null], [{ subject: 'By us' }, null], [{ subject: 'Bad',
      raised_by: 'nope' }, 'InvalidEmailAddressError'], [{ raised_by: 'a@example.com' }, 'MandatoryError']])
    expect(await posting.rows('tabIssue', 'name, lead, contact, raised_by, company')).toEqual([
      { name: 'ISS-2026-00001', lead: 'CRM-LEAD-2026-00001', contact: 'Ann Lee', raised_by: 'Ann <ann@example.com>', company: COMPANY },
        { name: 'ISS-2026-00002', lead: null, contact: null, raised_by: 'Administrator', company: COMPANY },
    ])
  })
})
