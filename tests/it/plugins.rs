//! Plugins stopped and started at run time.

use crate::app::TestApp;

#[tokio::test]
async fn stopping_a_plugin_stops_its_dependents_and_its_functions_say_so() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    assert_eq!(admin.call("/api/docker/fleet", &[]).await.status(), 200);
    assert!(
        admin
            .call("/api/settings/stop_plugin", &[("id", "machines")])
            .await
            .status()
            .is_success()
    );
    assert!(
        app.server.core.plugins.status().iter().all(|p| !p.running),
        "all three need machines"
    );
    let refused = admin.call("/api/docker/fleet", &[]).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.text().await.unwrap().contains("plugin_disabled"));
    assert_eq!(
        admin.get("/containers").await.status(),
        503,
        "the page stays, and says so"
    );
    assert_eq!(
        admin
            .call("/api/settings/start_plugin", &[("id", "docker")])
            .await
            .status(),
        409,
        "what it needs is stopped"
    );
    for id in ["machines", "docker", "monitoring"] {
        assert!(
            admin
                .call("/api/settings/start_plugin", &[("id", id)])
                .await
                .status()
                .is_success(),
            "{id}"
        );
    }
    assert_eq!(admin.call("/api/docker/fleet", &[]).await.status(), 200);
    app.stop().await;
}
