/** What waits for a time. `place` is the heap's; -1 outside of it. */
export interface Due {
  dueMs: number;
  place: number;
}

/** Elements by the time at which they are due, the earliest first: a binary heap whose elements know their places. */
export class DueHeap<T extends Due> {
  readonly #elements: T[] = [];

  get first(): T | undefined {
    return this.#elements[0];
  }

  /** Puts the element in, or moves it when it is in already. */
  set(element: T, dueMs: number): void {
    element.dueMs = dueMs;
    if (element.place < 0) {
      element.place = this.#elements.length;
      this.#elements.push(element);
    }
    this.#rise(element);
    this.#sink(element);
  }

  remove(element: T): void {
    const { place } = element;
    if (place < 0) return;
    element.place = -1;
    const last = this.#elements.pop();
    if (last === undefined || last === element) return;
    this.#put(last, place);
    this.#rise(last);
    this.#sink(last);
  }

  clear(): void {
    for (const element of this.#elements.splice(0)) element.place = -1;
  }

  #put(element: T, place: number): void {
    this.#elements[place] = element;
    element.place = place;
  }

  #rise(element: T): void {
    for (let place = element.place; place > 0; place = element.place) {
      const above = this.#elements[(place - 1) >> 1];
      if (above === undefined || above.dueMs <= element.dueMs) return;
      this.#put(element, above.place);
      this.#put(above, place);
    }
  }

  #sink(element: T): void {
    for (;;) {
      const { place } = element;
      const left = this.#elements[2 * place + 1];
      const right = this.#elements[2 * place + 2];
      const below = right !== undefined && left !== undefined && right.dueMs < left.dueMs ? right : left;
      if (below === undefined || below.dueMs >= element.dueMs) return;
      this.#put(element, below.place);
      this.#put(below, place);
    }
  }
}
