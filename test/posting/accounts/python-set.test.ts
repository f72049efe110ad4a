import { expect, test } from 'vitest'
import { textSetOrder } from '../../../src/posting/framework/python-set.ts'

test('texts come in the order of a Python set with hash seed 0, each once', () => {
  expect(textSetOrder(['Sales - NT', 'Sales - NT'])).toEqual(['Sales - NT'])
  expect(textSetOrder(['Checking - NT', 'Cash - NT', 'Checking - NT'])).toEqual(['Cash - NT', 'Checking - NT'])
  expect(textSetOrder(['Travel Expenses - NT', 'Cash - NT', 'Legal Expenses - NT', 'Sales - NT'])).toEqual(['Cash - NT', 'Legal Expenses - NT', 'Sales - NT', 'Travel Expenses - NT'])
})
