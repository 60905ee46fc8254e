//! Built-in samples and labels of the event types: what the test panel and `send --sample` use
//! when a person brings no data of their own.
//!
//! The numbers are of the ranges that the French regulator keeps free for fiction.

use super::EventType;

/// The built-in sample `data` of a type; own types get a small object with an id.
pub fn sample(kind: &EventType) -> &'static str {
    match kind {
        EventType::CallRinging => CALL_RINGING,
        EventType::CallCompleted => CALL_COMPLETED,
        EventType::CallMissed => CALL_MISSED,
        EventType::EmailReceived => EMAIL_RECEIVED,
        EventType::LeadCreated => LEAD_CREATED,
        EventType::Own(_) => OWN,
    }
}

/// The label of a built-in type in English and French: `("At the end of a call", …)`.
pub fn labels(kind: &EventType) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        EventType::CallRinging => ("When a call is ringing", "Lorsqu’un appel sonne"),
        EventType::CallCompleted => ("At the end of a call", "À la fin d’un appel"),
        EventType::CallMissed => ("When a call is missed", "Lorsqu’un appel est manqué"),
        EventType::EmailReceived => ("When an email is received", "Lorsqu’un e-mail est reçu"),
        EventType::LeadCreated => ("When a lead is created", "Lorsqu’un lead est créé"),
        EventType::Own(_) => return None,
    })
}

const CALL_RINGING: &str = concat!(
    r#"{"id":"call-0c5ac87f-6d8b-4e94-9ce2-f4773bced2f5","#,
    r#""account":{"id":"acc-efd1bbeb-afbb-4895-a6d5-40a13558af49","name":"My account"},"#,
    r#""caller_number":"+33639981234","tracked_number":"+33465712345","#,
    r#""recipient_number":"+33261912345","direction":"inbound","status":"ringing","#,
    r#""started_at":"2026-03-04T09:07:31.402Z","answered_at":null,"ended_at":null,"#,
    r#""duration":null,"ring_duration":null,"#,
    r#""channel":{"id":"chn-5b0c2f4e-9a1d-4c57-8f36-2d7be1a4c903","#,
    r#""name":"Google Ads Lyon"},"recording_url":null,"utm_source":"google","#,
    r#""utm_medium":"cpc","utm_campaign":"lyon-printemps","utm_term":"plombier lyon","#,
    r#""utm_content":null,"gclid":"EAIaIQobChMI4v2Z0eGx8gIVk53V"}"#,
);

const CALL_COMPLETED: &str = concat!(
    r#"{"id":"call-0c5ac87f-6d8b-4e94-9ce2-f4773bced2f5","#,
    r#""account":{"id":"acc-efd1bbeb-afbb-4895-a6d5-40a13558af49","name":"My account"},"#,
    r#""caller_number":"+33639981234","tracked_number":"+33465712345","#,
    r#""recipient_number":"+33261912345","direction":"inbound","status":"answered","#,
    r#""started_at":"2026-03-04T09:07:31.402Z","answered_at":"2026-03-04T09:07:40.114Z","#,
    r#""ended_at":"2026-03-04T09:08:22.114Z","duration":42,"ring_duration":8.7,"#,
    r#""channel":{"id":"chn-5b0c2f4e-9a1d-4c57-8f36-2d7be1a4c903","#,
    r#""name":"Google Ads Lyon"},"#,
    r#""recording_url":"https://recordings.example.fr/call-0c5ac87f.mp3","#,
    r#""utm_source":"google","utm_medium":"cpc","utm_campaign":"lyon-printemps","#,
    r#""utm_term":"plombier lyon","utm_content":null,"#,
    r#""gclid":"EAIaIQobChMI4v2Z0eGx8gIVk53V"}"#,
);

const CALL_MISSED: &str = concat!(
    r#"{"id":"call-7d1e9b32-40f6-4a8b-b1c5-93e0d2a6f718","#,
    r#""account":{"id":"acc-efd1bbeb-afbb-4895-a6d5-40a13558af49","name":"My account"},"#,
    r#""caller_number":"+33639981234","tracked_number":"+33465712345","#,
    r#""recipient_number":"+33261912345","direction":"inbound","status":"missed","#,
    r#""started_at":"2026-03-04T11:52:03.250Z","answered_at":null,"#,
    r#""ended_at":"2026-03-04T11:52:28.250Z","duration":null,"ring_duration":25,"#,
    r#""channel":{"id":"chn-5b0c2f4e-9a1d-4c57-8f36-2d7be1a4c903","#,
    r#""name":"Google Ads Lyon"},"recording_url":null,"utm_source":"google","#,
    r#""utm_medium":"cpc","utm_campaign":"lyon-printemps","utm_term":"plombier lyon","#,
    r#""utm_content":null,"gclid":"EAIaIQobChMI4v2Z0eGx8gIVk53V"}"#,
);

const EMAIL_RECEIVED: &str = concat!(
    r#"{"id":"email-3f8a6c1d-72be-4d09-9a54-e6c0b7f1d285","#,
    r#""account":{"id":"acc-efd1bbeb-afbb-4895-a6d5-40a13558af49","name":"My account"},"#,
    r#""channel":{"id":"chn-5b0c2f4e-9a1d-4c57-8f36-2d7be1a4c903","#,
    r#""name":"Google Ads Lyon"},"from":"camille.martin@example.fr","#,
    r#""to":"contact@example.fr","subject":"Demande de devis pour une salle de bain","#,
    r#""received_at":"2026-03-04T14:20:11.000Z"}"#,
);

const LEAD_CREATED: &str = concat!(
    r#"{"id":"lead-91c4e7a0-5d3b-4f62-8e18-0ab9d6c3f457","#,
    r#""account":{"id":"acc-efd1bbeb-afbb-4895-a6d5-40a13558af49","name":"My account"},"#,
    r#""channel":{"id":"chn-5b0c2f4e-9a1d-4c57-8f36-2d7be1a4c903","#,
    r#""name":"Google Ads Lyon"},"created_at":"2026-03-04T09:08:23.020Z","origin":"call","#,
    r#""call":{"id":"call-0c5ac87f-6d8b-4e94-9ce2-f4773bced2f5","#,
    r#""caller_number":"+33639981234","tracked_number":"+33465712345","duration":42},"#,
    r#""email":null,"contact":{"name":"Camille Martin","phone":"+33639981234","#,
    r#""email":null},"utm_source":"google","utm_medium":"cpc","#,
    r#""utm_campaign":"lyon-printemps","utm_term":"plombier lyon","utm_content":null,"#,
    r#""gclid":"EAIaIQobChMI4v2Z0eGx8gIVk53V"}"#,
);

const OWN: &str = concat!(
    r#"{"id":"sample-1","account":{"id":"acc-efd1bbeb-afbb-4895-a6d5-40a13558af49","#,
    r#""name":"My account"},"note":"Sample data of ringhook"}"#,
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Origin;
    use crate::domain::intake::{read, read_data};

    #[test]
    fn every_sample_would_be_accepted() {
        let own = EventType::parse("pbx:queue_left").unwrap();
        for kind in EventType::BUILT_IN.into_iter().chain([own]) {
            let data = sample(&kind);
            let facts = read_data(&kind, data).unwrap();
            assert!(facts.id.is_some() && facts.account.is_some(), "{kind}");
            let body = format!(r#"{{"event":"{kind}","data":{data}}}"#);
            assert_eq!(
                read(body.as_bytes(), None, Origin::Own).unwrap().facts,
                facts
            );
        }
    }

    #[test]
    fn only_a_call_that_was_answered_has_a_duration() {
        let duration = |kind: EventType| read_data(&kind, sample(&kind)).unwrap().duration;
        assert_eq!(duration(EventType::CallRinging), None);
        assert_eq!(duration(EventType::CallMissed), None);
        assert_eq!(duration(EventType::CallCompleted), Some(42.0));
    }

    #[test]
    fn the_five_have_labels_and_own_types_none() {
        assert!(
            EventType::BUILT_IN
                .iter()
                .all(|kind| labels(kind).is_some())
        );
        assert_eq!(labels(&EventType::parse("pbx:queue_left").unwrap()), None);
    }
}
