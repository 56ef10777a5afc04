import { OrderRecords } from './order-records.ts';

/** Memory of whoever owns the books. It may be another array after it grew. */
export interface Host {
  readonly words: Int32Array;
}

/**
 * Order records of a book whose owner has a record of each order himself, and calls the order by its offset there. One word of that
 * record, which is at hand whenever the order is, says where the book has it: no index, no search, and one cache line less. The
 * word is 0 in every record that comes new.
 */
export class HostedOrders extends OrderRecords {
  private readonly host: Host;
  /** Where in a record of the host the word is. */
  private readonly word: number;

  constructor(host: Host, word: number) {
    super();
    this.host = host;
    this.word = word;
  }

  find(id: number): number {
    return this.host.words[id + this.word] as number;
  }

  add(id: number): number {
    const slot = this.take(id);
    this.host.words[id + this.word] = slot;
    return slot;
  }

  remove(slot: number): void {
    this.host.words[((this.ids[slot >> 1] as number) | 0) + this.word] = 0;
    this.give(slot);
  }
}
