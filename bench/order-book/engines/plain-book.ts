import { IMMEDIATE_OR_CANCEL } from '../../../workloads/order-book/engine/order-flags.ts';
import {
  NEXT,
  PREVIOUS,
  PRICE,
  REMAINING,
  SIDE_BIT,
  TERMS,
} from '../../../workloads/order-book/engine/order-records.ts';
import { BUY, Queues, SELL, type Side } from '../../../workloads/order-book/engine/queues.ts';
import { Reason, type Reports, ReportType } from '../../../workloads/order-book/engine/reports.ts';
import { RestingOrders } from '../../../workloads/order-book/engine/resting-orders.ts';

/**
 * What the engine would be if it only knew limit orders, cancels and replacements: the same records, queues and reports, and
 * nothing of owners, phases, bands, stops, icebergs and pairs. The difference to `Book` is the cost of the whole order surface.
 */
export class PlainBook {
  sequence = 0;
  private readonly reports: Reports;
  private readonly orders = new RestingOrders();
  private readonly queues = new Queues(this.orders);

  constructor(reports: Reports) {
    this.reports = reports;
  }

  place(id: number, side: Side, price: number, quantity: number, flags: number): void {
    const { orders, queues, reports, sequence } = this;
    if (orders.find(id) !== 0) {
      reports.push(ReportType.rejected | (side << 8) | (Reason.duplicateId << 16), price, quantity, sequence, id, 0);
      return;
    }
    reports.push(ReportType.accepted | (side << 8), price, quantity, sequence, id, 0);
    const remaining = this.match(id, side, price, quantity);
    if (remaining === 0) return;
    if ((flags & IMMEDIATE_OR_CANCEL) === 0) {
      queues.rest(orders.add(id), side, price, remaining);
    } else {
      const head = ReportType.cancelled | (side << 8) | (Reason.immediateRemainder << 16);
      reports.push(head, price, remaining, sequence, id, 0);
    }
  }

  cancel(id: number): void {
    const { orders, queues, reports, sequence } = this;
    const slot = orders.find(id);
    if (slot === 0) {
      reports.push(ReportType.cancelRejected | (Reason.notResting << 16), 0, 0, sequence, id, 0);
      return;
    }
    const { words } = orders;
    const head = ReportType.cancelled | ((words[slot + TERMS] as number) << 8) | (Reason.byRequest << 16);
    reports.push(head, words[slot + PRICE] as number, words[slot + REMAINING] as number, sequence, id, 0);
    queues.unlink(slot);
    orders.remove(slot);
  }

  replace(id: number, price: number, quantity: number, _flags: number): void {
    const { orders, queues, reports, sequence } = this;
    const slot = orders.find(id);
    if (slot === 0) {
      reports.push(ReportType.modifyRejected | (Reason.notResting << 16), price, quantity, sequence, id, 0);
      return;
    }
    const side = ((orders.words[slot + TERMS] as number) & SIDE_BIT) as Side;
    reports.push(ReportType.modified | (side << 8), price, quantity, sequence, id, 0);
    queues.unlink(slot);
    const remaining = this.match(id, side, price, quantity);
    if (remaining === 0) orders.remove(slot);
    else queues.rest(slot, side, price, remaining);
  }

  private match(id: number, side: Side, limit: number, quantity: number): number {
    const { queues } = this;
    let remaining = quantity;
    if (side === BUY) {
      while (remaining > 0 && queues.ask <= limit) remaining = this.take(id, queues.ask, SELL, remaining);
    } else {
      while (remaining > 0 && queues.bid >= limit) remaining = this.take(id, queues.bid, BUY, remaining);
    }
    return remaining;
  }

  private take(taker: number, price: number, makerSide: Side, quantity: number): number {
    const { queues, orders, reports, sequence } = this;
    const { ladder } = queues;
    const { words, ids } = orders;
    const level = ladder.levelAt(price);
    let remaining = quantity;
    let maker = ladder.words[level] as number;
    do {
      const open = words[maker + REMAINING] as number;
      if (open > remaining) {
        words[maker + REMAINING] = open - remaining;
        reports.push(ReportType.trade, price, remaining, sequence, ids[maker >> 1] as number, taker);
        remaining = 0;
        break;
      }
      reports.push(ReportType.trade, price, open, sequence, ids[maker >> 1] as number, taker);
      remaining -= open;
      const next = words[maker + NEXT] as number;
      orders.remove(maker);
      maker = next;
    } while (maker !== 0 && remaining > 0);
    ladder.words[level] = maker;
    queues.addVolume(level, remaining - quantity);
    if (maker === 0) {
      ladder.words[level + 1] = 0;
      queues.leaveLevel(level, makerSide, price);
    } else {
      words[maker + PREVIOUS] = 0;
    }
    return remaining;
  }
}
