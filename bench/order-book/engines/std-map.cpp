// The textbook engine: a std::map of price levels per side, a std::list of orders per level, and a std::unordered_map from id to
// order. Reports of 32 bytes go into a ring that is used again, as in the TypeScript engine beside it. Reads decompressed columns.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <list>
#include <map>
#include <unordered_map>
#include <vector>

struct Report {
  int32_t head, price, quantity, sequence;
  uint64_t id, counterparty;
};

struct Order {
  uint32_t id;
  int32_t price;
  int32_t quantity;
  uint8_t side;
};

using Level = std::list<Order>;
using Bids = std::map<int32_t, Level, std::greater<int32_t>>;
using Asks = std::map<int32_t, Level>;

static Report ring[8192];

class Book {
 public:
  uint64_t fills = 0;

  void place(int32_t sequence, uint32_t id, uint8_t side, int32_t price, int32_t quantity, bool immediate) {
    report(0 | side << 8, price, quantity, sequence, id, 0);
    enter(sequence, id, side, price, quantity, immediate);
  }

  void cancel(int32_t sequence, uint32_t id) {
    auto found = orders_.find(id);
    if (found == orders_.end()) return report(4, 0, 0, sequence, id, 0);
    const Order& order = *found->second;
    report(2 | order.side << 8, order.price, order.quantity, sequence, id, 0);
    erase(found);
  }

  void modify(int32_t sequence, uint32_t id, int32_t price, int32_t quantity) {
    auto found = orders_.find(id);
    if (found == orders_.end()) return report(5, price, quantity, sequence, id, 0);
    uint8_t side = found->second->side;
    report(3 | side << 8, price, quantity, sequence, id, 0);
    erase(found);
    enter(sequence, id, side, price, quantity, false);
  }

 private:
  Bids bids_;
  Asks asks_;
  std::unordered_map<uint32_t, Level::iterator> orders_;
  uint64_t reports_ = 0;

  void report(int32_t head, int32_t price, int32_t quantity, int32_t sequence, uint64_t id, uint64_t counterparty) {
    ring[reports_++ & 8191] = {head, price, quantity, sequence, id, counterparty};
  }

  void erase(std::unordered_map<uint32_t, Level::iterator>::iterator found) {
    Level::iterator order = found->second;
    if (order->side == 0) eraseFrom(bids_, order);
    else eraseFrom(asks_, order);
    orders_.erase(found);
  }

  template <typename Side>
  void eraseFrom(Side& side, Level::iterator order) {
    auto level = side.find(order->price);
    level->second.erase(order);
    if (level->second.empty()) side.erase(level);
  }

  void enter(int32_t sequence, uint32_t id, uint8_t side, int32_t price, int32_t quantity, bool immediate) {
    int32_t left = side == 0 ? match(asks_, sequence, id, quantity, [price](int32_t ask) { return ask <= price; })
                             : match(bids_, sequence, id, quantity, [price](int32_t bid) { return bid >= price; });
    if (left == 0) return;
    if (immediate) return report(2 | side << 8, price, left, sequence, id, 0);
    Level& level = side == 0 ? bids_[price] : asks_[price];
    level.push_back({id, price, left, side});
    orders_[id] = std::prev(level.end());
  }

  template <typename Side, typename Crosses>
  int32_t match(Side& side, int32_t sequence, uint32_t taker, int32_t quantity, Crosses crosses) {
    while (quantity > 0 && !side.empty() && crosses(side.begin()->first)) {
      auto level = side.begin();
      while (quantity > 0 && !level->second.empty()) {
        Order& maker = level->second.front();
        int32_t traded = quantity < maker.quantity ? quantity : maker.quantity;
        report(1, level->first, traded, sequence, maker.id, taker);
        fills++;
        quantity -= traded;
        maker.quantity -= traded;
        if (maker.quantity == 0) {
          orders_.erase(maker.id);
          level->second.pop_front();
        }
      }
      if (level->second.empty()) side.erase(level);
    }
    return quantity;
  }
};

int main(int argc, char** argv) {
  FILE* file = argc > 1 ? std::fopen(argv[1], "rb") : nullptr;
  if (file == nullptr) return 2;
  std::fseek(file, 0, SEEK_END);
  std::vector<uint8_t> bytes(std::ftell(file));
  std::rewind(file);
  if (std::fread(bytes.data(), 1, bytes.size(), file) != bytes.size()) return 2;
  const size_t count = bytes.size() / 10;
  const uint8_t* flags = bytes.data();
  const uint8_t* quantity = flags + count;
  std::vector<uint32_t> id(count);
  std::vector<int32_t> price(count);
  std::memcpy(id.data(), flags + 2 * count, 4 * count);
  std::memcpy(price.data(), flags + 6 * count, 4 * count);

  double spent = 0;
  std::printf("[");
  for (int pass = 0; pass == 0 || (spent < 2 && pass < 7); pass++) {
    auto started = std::chrono::steady_clock::now();
    Book book;
    for (size_t index = 0; index < count; index++) {
      const uint8_t bits = flags[index];
      if ((bits & 3) == 1) book.cancel(index, id[index]);
      else if ((bits & 3) == 2) book.modify(index, id[index], price[index], quantity[index]);
      else book.place(index, id[index], bits >> 2 & 1, price[index], quantity[index], bits & 8);
    }
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    spent += seconds;
    std::printf("%s{\"messages\":%zu,\"seconds\":%.6f,\"fills\":%llu}", pass == 0 ? "" : ",", count, seconds,
                static_cast<unsigned long long>(book.fills));
  }
  std::printf("]\n");
}
