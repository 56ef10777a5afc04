//! Public engines from crates.io, each behind the same loop as the others of this benchmark: `engine columns-file`. Their results are
//! looked at for the number of trades and dropped.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Decompressed columns: flags n × u8, quantity n × u8, id n × u32, price n × i32, little-endian.
struct Messages {
    flags: Vec<u8>,
    quantity: Vec<u8>,
    id: Vec<u32>,
    price: Vec<i32>,
}

impl Messages {
    fn read(path: &str) -> std::io::Result<Self> {
        let bytes = std::fs::read(path)?;
        let count = bytes.len() / 10;
        let (narrow, wide) = bytes.split_at(2 * count);
        let (ids, prices) = wide.split_at(4 * count);
        Ok(Self {
            flags: narrow[..count].to_vec(),
            quantity: narrow[count..].to_vec(),
            id: ids.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect(),
            price: prices.as_chunks::<4>().0.iter().map(|word| i32::from_le_bytes(*word)).collect(),
        })
    }
}

trait Engine {
    fn place(&mut self, id: u32, sells: bool, price: u64, quantity: u64, immediate: bool);
    fn cancel(&mut self, id: u32);
    fn modify(&mut self, id: u32, sells: bool, price: u64, quantity: u64);
    fn fills(&self) -> u64;
}

const SLICE: usize = 2_048;
const PASS: Duration = Duration::from_secs(3);
const TOTAL: Duration = Duration::from_secs(2);
const MOST_PASSES: usize = 7;

fn run(messages: &Messages, create: impl Fn() -> Box<dyn Engine>) {
    let mut passes = Vec::new();
    let mut spent = Duration::ZERO;
    while passes.is_empty() || (spent < TOTAL && passes.len() < MOST_PASSES) {
        let mut engine = create();
        let started = Instant::now();
        let mut played = 0;
        while played < messages.flags.len() && started.elapsed() < PASS {
            let to = messages.flags.len().min(played + SLICE);
            for at in played..to {
                play(engine.as_mut(), messages, at);
            }
            played = to;
        }
        let seconds = started.elapsed();
        spent += seconds;
        let seconds = seconds.as_secs_f64();
        passes.push(format!(r#"{{"messages":{played},"seconds":{seconds},"fills":{}}}"#, engine.fills()));
    }
    println!("[{}]", passes.join(","));
}

fn play(engine: &mut dyn Engine, messages: &Messages, at: usize) {
    let bits = messages.flags[at];
    let id = messages.id[at];
    let sells = bits & 4 != 0;
    let price = messages.price[at] as u64;
    let quantity = u64::from(messages.quantity[at]);
    match bits & 3 {
        0 => engine.place(id, sells, price, quantity, bits & 8 != 0),
        1 => engine.cancel(id),
        _ => engine.modify(id, sells, price, quantity),
    }
}

/// It has neither modify nor immediate orders: each is a cancel and an order. It does not say whether a cancel found its order.
struct Lobster {
    book: lobster::OrderBook,
    rests: Vec<bool>,
    fills: u64,
}

impl Engine for Lobster {
    fn place(&mut self, id: u32, sells: bool, price: u64, quantity: u64, immediate: bool) {
        use lobster::{OrderEvent, OrderType, Side};
        let side = if sells { Side::Ask } else { Side::Bid };
        let order = OrderType::Limit { id: u128::from(id), side, qty: quantity, price };
        let (fills, is_done) = match self.book.execute(order) {
            OrderEvent::Filled { fills, .. } => (fills, true),
            OrderEvent::PartiallyFilled { fills, .. } => (fills, false),
            _ => (Vec::new(), false),
        };
        self.fills += fills.len() as u64;
        for fill in fills.iter().filter(|fill| fill.total_fill) {
            self.rests[fill.order_2 as usize] = false;
        }
        self.rests[id as usize] = !is_done;
        if immediate {
            self.cancel(id);
        }
    }

    fn cancel(&mut self, id: u32) {
        if std::mem::take(&mut self.rests[id as usize]) {
            self.book.execute(lobster::OrderType::Cancel { id: u128::from(id) });
        }
    }

    fn modify(&mut self, id: u32, sells: bool, price: u64, quantity: u64) {
        if self.rests[id as usize] {
            self.cancel(id);
            self.place(id, sells, price, quantity, false);
        }
    }

    fn fills(&self) -> u64 {
        self.fills
    }
}

/// It numbers the orders itself, anew at every modify.
struct RustOrderBook {
    book: rust_order_book::OrderBook,
    ids: Vec<u64>,
    fills: u64,
}

impl Engine for RustOrderBook {
    fn place(&mut self, id: u32, sells: bool, price: u64, quantity: u64, immediate: bool) {
        use rust_order_book::{Side, TimeInForce};
        let side = if sells { Side::Sell } else { Side::Buy };
        let in_force = if immediate { TimeInForce::IOC } else { TimeInForce::GTC };
        if let Ok(report) = self.book.limit_raw(side, quantity, price, Some(in_force), None) {
            self.fills += report.fills.len() as u64;
            self.ids[id as usize] = report.order_id.0;
        }
    }

    fn cancel(&mut self, id: u32) {
        let _ = self.book.cancel_raw(self.ids[id as usize]);
    }

    fn modify(&mut self, id: u32, _sells: bool, price: u64, quantity: u64) {
        if let Ok(report) = self.book.modify_raw(self.ids[id as usize], Some(price), Some(quantity)) {
            self.fills += report.fills.len() as u64;
            self.ids[id as usize] = report.order_id.0;
        }
    }

    fn fills(&self) -> u64 {
        self.fills
    }
}

/// Made for many threads at once; here it has one, as the others do.
struct OrderBookRs {
    book: orderbook_rs::OrderBook<()>,
    fills: Arc<AtomicU64>,
}

impl Engine for OrderBookRs {
    fn place(&mut self, id: u32, sells: bool, price: u64, quantity: u64, immediate: bool) {
        use pricelevel::{Id, Side, TimeInForce};
        let side = if sells { Side::Sell } else { Side::Buy };
        let in_force = if immediate { TimeInForce::Ioc } else { TimeInForce::Gtc };
        let _ = self.book.add_limit_order(Id::Sequential(u64::from(id)), u128::from(price), quantity, side, in_force, None);
    }

    fn cancel(&mut self, id: u32) {
        let _ = self.book.cancel_order(pricelevel::Id::Sequential(u64::from(id)));
    }

    fn modify(&mut self, id: u32, sells: bool, price: u64, quantity: u64) {
        use pricelevel::{Id, OrderUpdate, Price, Quantity, Side};
        let _ = self.book.update_order(OrderUpdate::Replace {
            order_id: Id::Sequential(u64::from(id)),
            price: Price::new(u128::from(price)),
            quantity: Quantity::new(quantity),
            side: if sells { Side::Sell } else { Side::Buy },
        });
    }

    fn fills(&self) -> u64 {
        self.fills.load(Relaxed)
    }
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let messages = Messages::read(&arguments.next().unwrap_or_default())?;
    let ids = 1 + messages.id.iter().copied().max().unwrap_or(0) as usize;
    match name.as_str() {
        "lobster" => run(&messages, || {
            Box::new(Lobster { book: lobster::OrderBook::default(), rests: vec![false; ids], fills: 0 })
        }),
        "rust-order-book" => run(&messages, || {
            let book = rust_order_book::OrderBookBuilder::new("X").build();
            Box::new(RustOrderBook { book, ids: vec![u64::MAX; ids], fills: 0 })
        }),
        "orderbook-rs" => run(&messages, || {
            let fills = Arc::new(AtomicU64::new(0));
            let mut book = orderbook_rs::OrderBook::new("X");
            let count = Arc::clone(&fills);
            book.set_trade_listener(Arc::new(move |trade| {
                count.fetch_add(trade.match_result.trades().len() as u64, Relaxed);
            }));
            Box::new(OrderBookRs { book, fills })
        }),
        _ => return Err(std::io::Error::other(format!("no engine {name:?}"))),
    }
    Ok(())
}
