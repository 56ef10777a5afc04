import { defineErrors } from '@sluice/kit';

/** All failures of the sequence counter that a caller or an operator of it can act on. */
export const counterErrors = defineErrors({
  unknownCounter: { code: 'SLUICE_UNKNOWN_COUNTER', status: 404, title: 'There is no counter of this name' },
  exhausted: { code: 'SLUICE_COUNTER_EXHAUSTED', status: 410, title: 'The counter has no numbers left' },
  ledgerRegressed: {
    code: 'SLUICE_LEDGER_REGRESSED',
    status: 503,
    title: 'The ledger is missing, replaced or behind what was handed out',
  },
  noNumbers: { code: 'SLUICE_NO_NUMBERS', status: 503, title: 'No numbers can be handed out at present' },
  overloaded: { code: 'SLUICE_OVERLOADED', status: 503, title: 'Too many requests wait already' },
  ledgerInUse: { code: 'SLUICE_LEDGER_IN_USE', status: 503, title: 'Another process has the ledger' },
  ledgerUnreadable: { code: 'SLUICE_LEDGER_UNREADABLE', status: 500, title: 'The ledger cannot be read' },
});
