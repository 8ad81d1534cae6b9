//! From the command line to a running server and back: start, serve, stop.

use super::{
    config::{AdminCommand, AuditCommand, Cli, Command, Config, ConfigError, ServeArgs},
    db::Db,
    http::{self, AppFn, Limits, Pages, RouteEntry, Site},
    manager::PluginManager,
    metrics::Metrics,
    plugin::PluginServer,
    rings::SeriesBudget,
    secrets::{self, Secrets},
    services::Services,
    state::Core,
    tasks::TaskSet,
    telemetry,
};
use crate::{
    core::{
        audit::service::{Audit, Refusals},
        auth::service::{Accounts, Actor, AuthService, CORE, RequestMeta, Who},
        id::UnixMillis,
        jobs::service::{ActorSource, Jobs},
        live::service::Hub,
    },
    error::{AppError, AppResult},
};
use sea_orm_migration::MigrationTrait;
use std::{
    net::SocketAddr,
    process::ExitCode,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::net::TcpListener;

/// A stop ends within this time, whatever still hangs.
const STOP_WITHIN: Duration = Duration::from_secs(25);

/// What the composition root hands in, so that `core` names neither the app nor a plugin.
pub struct Parts {
    pub shell: AppFn,
    pub app: AppFn,
    pub plugins: Vec<Arc<dyn PluginServer>>,
    pub migrations: Vec<Box<dyn MigrationTrait>>,
}

/// Runs one command of the command line.
pub fn command(cli: Cli, parts: Parts) -> ExitCode {
    let done = match cli.command {
        Command::Serve(args) => serve(&args, parts),
        Command::CheckConfig(args) => Config::load(&args)
            .map(|config| say(&config.to_string()))
            .map_err(Failure::from),
        Command::Version => {
            say(&format!("pollysystem {}", env!("CARGO_PKG_VERSION")));
            Ok(())
        }
        Command::Audit(AuditCommand::Verify(args)) => verify_audit(&args),
        Command::Audit(AuditCommand::Export { after, args }) => export_audit(&args, after),
        Command::Admin(AdminCommand::ResetPassword { name, args }) => reset_password(&args, &name),
        Command::Health(args) => super::health::ask(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(why)) => {
            eprintln!("pollysystem: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Why a command failed, in a sentence.
pub struct Failure(pub String);
impl From<ConfigError> for Failure {
    fn from(why: ConfigError) -> Self {
        Self(why.0)
    }
}
impl From<AppError> for Failure {
    fn from(why: AppError) -> Self {
        Self(why.message)
    }
}
impl From<std::io::Error> for Failure {
    fn from(why: std::io::Error) -> Self {
        Self(why.to_string())
    }
}

/// Prints to standard output: the answer of a command, not a log line.
#[expect(
    clippy::print_stdout,
    reason = "the answer of a command line tool belongs on standard output"
)]
fn say(text: &str) {
    println!("{text}");
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

fn serve(args: &ServeArgs, parts: Parts) -> Result<(), Failure> {
    let config = Config::load(args)?;
    telemetry::init(&config)?;
    secrets::keep_private();
    let runtime = runtime()?;
    let done = runtime.block_on(async {
        // Listened for from the first moment on: one that comes while the server starts stops it in order after that.
        let mut signals = Signals::listen()?;
        let server = start(config, parts).await?;
        signals.next().await;
        tokio::spawn(async move {
            signals.next().await;
            tracing::warn!("second signal: ending at once");
            std::process::exit(130);
        });
        server.stop().await;
        Ok(())
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

/// Reads only, so it can be asked beside a running server.
fn verify_audit(args: &ServeArgs) -> Result<(), Failure> {
    let config = Config::load(args)?;
    let rows = runtime()?.block_on(async {
        let db = Db::open_read_only(&config.data_dir).await?;
        let secrets = Secrets::open_existing(&config.secrets, &config.data_dir, &db).await?;
        Audit::open(&db, &secrets).await?.verify().await
    })?;
    say(&format!("The audit log is whole: {rows} rows."));
    Ok(())
}

/// Reads only, so it can be asked beside a running server.
fn export_audit(args: &ServeArgs, after: i64) -> Result<(), Failure> {
    use std::io::Write;
    let config = Config::load(args)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut failed = None;
    runtime()?.block_on(async {
        let db = Db::open_read_only(&config.data_dir).await?;
        let secrets = Secrets::open_existing(&config.secrets, &config.data_dir, &db).await?;
        let audit = Audit::open(&db, &secrets).await?;
        audit
            .export(after, |line| {
                if failed.is_none() {
                    failed = writeln!(out, "{line}").err();
                }
            })
            .await
    })?;
    match failed.or(out.flush().err()) {
        None => Ok(()),
        Some(why) => Err(why.into()),
    }
}

/// The server may run: it sees that the sessions ended within two seconds.
fn reset_password(args: &ServeArgs, name: &str) -> Result<(), Failure> {
    let config = Config::load(args)?;
    let password = runtime()?.block_on(async {
        let db = Db::open_beside(&config.data_dir).await?;
        let secrets = Secrets::open_existing(&config.secrets, &config.data_dir, &db).await?;
        let audit = Audit::open(&db, &secrets).await?;
        let (hub, services) = (Hub::new(""), Arc::new(Services::default()));
        let auth = AuthService::open(db.clone(), audit, hub, services, &secrets, config.session).await?;
        let password = auth.reset_password(name).await;
        db.close().await;
        password
    })?;
    say(&format!(
        "The new password of {name:?} is {}\nAll sessions of the account have ended. Log in with it and change it on the profile page.",
        password.expose()
    ));
    Ok(())
}

/// What asks this process to end.
struct Signals {
    term: tokio::signal::unix::Signal,
    int: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
        })
    }
    async fn next(&mut self) {
        tokio::select! { _ = self.term.recv() => {}, _ = self.int.recv() => {} }
    }
}

/// A server that accepts requests.
pub struct Started {
    pub core: Arc<Core>,
    pub address: SocketAddr,
    pub routes: Vec<RouteEntry>,
    stopping: tokio_util::sync::CancellationToken,
    serving: tokio::task::JoinHandle<()>,
}

/// Rebuilds the actors of stored work; knows the core only once it stands.
#[derive(Default)]
struct Actors(OnceLock<Weak<Core>>);

#[async_trait::async_trait]
impl ActorSource for Actors {
    async fn actor(&self, who: Who, meta: RequestMeta) -> AppResult<Actor> {
        let core = self
            .0
            .get()
            .and_then(Weak::upgrade)
            .ok_or_else(|| AppError::unavailable("The server is starting or stopping."))?;
        core.auth.actor_for(who, meta).await
    }
}

/// Brings a server up: data, core, plugins, port; in this order.
pub async fn start(config: Config, parts: Parts) -> AppResult<Started> {
    let listener = TcpListener::bind(config.listen).await.map_err(|why| {
        AppError::unavailable(format!(
            "{} cannot be listened on: {why}. Choose another address with POLLY_LISTEN.",
            config.listen
        ))
    })?;
    let core = assemble(config, parts.plugins, parts.migrations).await?;
    let site = Site::of(&core.config);
    let pages = Pages::new(parts.shell, parts.app, &site);
    let (router, routes) = http::router(core.clone(), &pages);
    let address = listener.local_addr().map_err(AppError::internal)?;
    let stopping = tokio_util::sync::CancellationToken::new();
    let token = stopping.clone();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(async move {
        let served = axum::serve(listener, service)
            .with_graceful_shutdown(token.cancelled_owned())
            .await;
        if let Err(why) = served {
            tracing::error!(error = %why, "the HTTP server ended");
        }
    });
    core.plugins.start_all(&core).await;
    core.jobs.recover().await?;
    core.ready.store(true, Ordering::Release);
    core.tasks.spawn_until_stopped(tick(Arc::downgrade(&core)));
    announce(&core, address);
    Ok(Started {
        core,
        address,
        routes,
        stopping,
        serving,
    })
}

/// Lets identity do each second what nobody asks for.
async fn tick(core: Weak<Core>) {
    let mut every = tokio::time::interval(Duration::from_secs(1));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let Some(core) = core.upgrade() else { return };
        if let Err(why) = core.auth.tick().await {
            tracing::warn!(error.cause = %why, "sessions could not be looked after");
        }
    }
}

async fn assemble(
    config: Config,
    plugins: Vec<Arc<dyn PluginServer>>,
    migrations: Vec<Box<dyn MigrationTrait>>,
) -> AppResult<Arc<Core>> {
    let plugins = PluginManager::new(plugins)?;
    let db = Db::open(&config.data_dir, migrations).await?;
    let secrets = Secrets::open_or_create(&config.secrets, &config.data_dir, &db).await?;
    let audit = Audit::open(&db, &secrets).await?;
    let services = Arc::new(Services::default());
    let hub = Hub::new(&build_id(&config));
    let auth = AuthService::open(
        db.clone(),
        audit.clone(),
        hub.clone(),
        services.clone(),
        &secrets,
        config.session,
    )
    .await?;
    let tasks = TaskSet::new();
    services.provide(CORE, Arc::new(Accounts(db.clone())));
    services.provide(CORE, Arc::new(Refusals::start(audit.clone(), &tasks)));
    let actors = Arc::new(Actors::default());
    let kinds = plugins.all().iter().flat_map(|p| p.job_kinds()).collect();
    let jobs = Jobs::new(db.clone(), audit.clone(), hub.clone(), actors.clone(), kinds);
    services.provide(CORE, jobs.clone());
    let limits = Limits::new(config.limits);
    let metrics = Metrics::default();
    let series = metrics.with_registry(SeriesBudget::new);
    let core = Arc::new(Core {
        config,
        db,
        secrets,
        audit,
        hub,
        jobs,
        auth,
        services,
        plugins,
        metrics,
        series,
        flashes: Default::default(),
        limits,
        tasks,
        started_at: UnixMillis::now(),
        ready: AtomicBool::new(false),
    });
    let _ = actors.0.set(Arc::downgrade(&core));
    Ok(core)
}

/// The version and the bundle's hash: a page of another build must reload.
fn build_id(config: &Config) -> String {
    let site = Site::of(config).manifest().hash;
    format!("{}-{site}", env!("CARGO_PKG_VERSION"))
}

fn announce(core: &Core, address: SocketAddr) {
    tracing::info!(version = env!("CARGO_PKG_VERSION"), data_dir = %core.config.data_dir.display(), listen = %address, "PollySystem is ready");
    tracing::info!(
        "open {}",
        core.config.address().replace(":0", &format!(":{}", address.port()))
    );
    if let Some(code) = core.auth.setup_code() {
        tracing::info!("set-up code: {code}");
    }
}

impl Started {
    /// Graceful stop: no new requests, streams told, work brought to a safe point, links ended, data flushed.
    pub async fn stop(self) {
        tracing::info!("stopping");
        let orderly = tokio::time::timeout(STOP_WITHIN, self.wind_down()).await;
        tracing::info!(orderly = orderly.is_ok(), "stopped");
    }

    async fn wind_down(self) {
        let core = self.core;
        core.ready.store(false, Ordering::Release);
        core.hub.shut_down();
        self.stopping.cancel();
        core.jobs.stop(Duration::from_secs(8)).await;
        core.plugins.stop_all(&core).await;
        core.tasks.stop(Duration::from_secs(3)).await;
        if tokio::time::timeout(Duration::from_secs(3), self.serving)
            .await
            .is_err()
        {
            tracing::warn!("some connections were still open");
        }
        core.db.close().await;
    }
}
