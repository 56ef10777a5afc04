/** What can stand in a lane. The links are the lane's; an element stands in one lane at a time. */
export interface Linked<T> {
  before: T | undefined;
  behind: T | undefined;
}

/** First in, first out, and anybody may leave from the middle: all in constant time and without an allocation. */
export class Lane<T extends Linked<T>> {
  #head: T | undefined;
  #tail: T | undefined;

  get head(): T | undefined {
    return this.#head;
  }

  push(element: T): void {
    element.before = this.#tail;
    if (this.#tail === undefined) this.#head = element;
    else this.#tail.behind = element;
    this.#tail = element;
  }

  remove(element: T): void {
    const { before, behind } = element;
    if (before === undefined) this.#head = behind;
    else before.behind = behind;
    if (behind === undefined) this.#tail = before;
    else behind.before = before;
    element.before = undefined;
    element.behind = undefined;
  }
}
