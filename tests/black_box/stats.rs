//! What happened over time: from rows that outlive a restart.

use serde_json::{Value, json};

use crate::support::daemon::Daemon;
use crate::support::receiver::Receiver;

fn stats(daemon: &Daemon, window: &str) -> Value {
    let path = format!("/v1/stats?window={window}");
    daemon.api("GET", &path, None).expect(200).json()
}

#[test]
fn counts_of_the_day_outlive_a_restart() {
    let (mut daemon, receiver) = (Daemon::start(), Receiver::start());
    let endpoint = daemon.add_endpoint(&receiver.url(), &json!({}));
    for call in 0..3 {
        let event = daemon.post("call:missed", &json!({"id": call.to_string()}));
        daemon.delivery_in_state(event["id"].as_str().unwrap(), "delivered");
    }
    let before = daemon.endpoint(&endpoint)["stats"].clone();
    assert_eq!(
        (&before["delivered_24h"], &before["failed_24h"]),
        (&json!(3), &json!(0))
    );
    assert!(before["p95_ms"].is_u64());
    assert_eq!(daemon.stop(), Some(0));
    daemon.start_again();
    assert_eq!(daemon.endpoint(&endpoint)["stats"], before);
    for window in ["1h", "24h", "7d"] {
        let total = &stats(&daemon, window)["total"];
        assert_eq!(
            (&total["accepted"], &total["delivered"]),
            (&json!(3), &json!(3))
        );
        assert_eq!(
            (&total["failed"], &total["success"]),
            (&json!(0), &json!(1.0))
        );
        assert_eq!(total["p95_ms"], before["p95_ms"], "{window}");
    }
}

#[test]
fn a_window_is_a_series_whose_last_point_runs() {
    let daemon = Daemon::start();
    let endpoint = daemon.add_endpoint("http://127.0.0.1:9/", &json!({}));
    let path = format!("/v1/endpoints/{endpoint}/pause");
    daemon.api("POST", &path, None).expect(200);
    daemon.post("call:missed", &json!({"id": "1"}));
    for (window, points, step_s) in [("1h", 60, 60), ("24h", 96, 900), ("7d", 168, 3600)] {
        let stats = stats(&daemon, window);
        assert_eq!(
            (&stats["window"], &stats["step_s"]),
            (&json!(window), &json!(step_s))
        );
        let series = stats["points"].as_array().unwrap();
        assert_eq!(series.len(), points);
        assert_eq!(series[0]["at"], stats["from"]);
        let times: Vec<_> = series.iter().map(|point| point["at"].to_string()).collect();
        assert!(times.is_sorted(), "{times:?}");
        let last = &series[points - 1];
        assert_eq!(last["waiting"], 1, "{window}");
        assert_eq!(
            (&last["success"], &last["p95_ms"]),
            (&Value::Null, &Value::Null)
        );
    }
    daemon.api("GET", "/v1/stats?window=2h", None).expect(422);
    daemon.api("GET", "/v1/stats?since=1", None).expect(400);
}
